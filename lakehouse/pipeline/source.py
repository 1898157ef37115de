"""Where the lake is read: the one choice between Auto Loader and Spark's own file source."""

from pyspark import pipelines as dp
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

# Databricks has expectations, open-source Spark has none: so the platform is told.
ON_DATABRICKS = hasattr(dp, "expect_all_or_drop")

_FILE = {
    "_file_path": "_metadata.file_path",
    "_file_size": "_metadata.file_size",
    "_landed_time": "_metadata.file_modification_time",
}


def setting(name: str, default: str) -> str:
    """A setting of the pipeline: `spark.bronzegate.<name>`."""
    return SparkSession.active().conf.get(f"spark.bronzegate.{name}", default)


def landed(folder: str, columns: str) -> DataFrame:
    """The records of `bronze` or `rejections` as they come, each with its file's path, size and time.

    A record that is no JSON, or does not have these columns, is kept in `_rescued_data`.
    """
    lake = setting("lake", "").rstrip("/")
    if not lake:
        raise ValueError("spark.bronzegate.lake is not set: the folder or abfss:// URL that bronzegate lands in")
    reader = _auto_loader(columns) if ON_DATABRICKS else _files(columns)
    file = [F.col(source).alias(name) for name, source in _FILE.items()]
    return reader.load(f"{lake}/{folder}").select("*", *file)


def _auto_loader(columns: str):
    return (
        SparkSession.active()
        .readStream.format("cloudFiles")
        .option("cloudFiles.format", "json")
        .option("cloudFiles.useManagedFileEvents", "true")
        .option("cloudFiles.schemaHints", columns)
        .option("cloudFiles.schemaEvolutionMode", "rescue")
        .option("rescuedDataColumn", "_rescued_data")
        # date= and hour= repeat the enqueued time
        .option("cloudFiles.partitionColumns", "")
    )


def _files(columns: str):
    return (
        SparkSession.active()
        .readStream.format("json")
        .schema(f"{columns}, _rescued_data STRING")
        .option("columnNameOfCorruptRecord", "_rescued_data")
        # the folders above date= are no partitions, and differ from stream to stream
        .option("recursiveFileLookup", "true")
    )
