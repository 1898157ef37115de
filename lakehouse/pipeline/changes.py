"""The newest of a key's rows: AutoCDC on Databricks, and a materialised view elsewhere.

Open-source Spark has AutoCDC, too, but merges only into sources whose rows it can write itself,
and Delta's are not among them (Spark 4.2.1 with Delta 4.4.0:
AUTOCDC_TARGET_DOES_NOT_SUPPORT_MERGE).
"""

from pyspark import pipelines as dp
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.source import ON_DATABRICKS


def newest(target: str, *, of: str, key: str, by: str, columns: list[str], where: str, comment: str) -> None:
    """Makes the table `target`: of each `key` in the table `of` the columns of its row that is
    greatest by the column `by`, among the rows that fulfil `where`."""
    if ON_DATABRICKS:
        _auto_cdc(target, of, key, by, columns, where, comment)
    else:
        _view(target, of, key, by, columns, where, comment)


def newest_rows(rows: DataFrame, key: str, by: str, columns: list[str]) -> DataFrame:
    """AutoCDC's meaning (slowly changing dimension of type 1) over rows that are all there."""
    return rows.groupBy(key).agg(F.max_by(F.struct(by, *columns), by).alias("row")).select(key, "row.*")


def _auto_cdc(target, of, key, by, columns, where, comment):
    source = f"{target}_changes"

    @dp.temporary_view(name=source)
    def changes():
        return SparkSession.active().readStream.table(of).where(where).select(key, by, *columns)

    dp.create_streaming_table(target, comment=comment)
    dp.create_auto_cdc_flow(target=target, source=source, keys=[key], sequence_by=by, stored_as_scd_type=1)


def _view(target, of, key, by, columns, where, comment):
    @dp.materialized_view(name=target, comment=comment)
    def view():
        return newest_rows(SparkSession.active().read.table(of).where(where), key, by, columns)
