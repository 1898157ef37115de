"""Silver: what is promised of the tables, held against them."""

from functools import reduce

from pyspark import pipelines as dp
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.events import order_events, transactions
from pipeline.expectations import LANDING, ORDER_EVENT, TRANSACTION, broken, expect_all_or_fail
from pipeline.records import COORDINATES

_IDENTITY = list(COORDINATES)


def _counted(of: str, records: DataFrame) -> DataFrame:
    # an event that the host gave no coordinates has none to be unique by
    identity = F.when(F.col("_sequence").isNotNull(), F.struct("_sequence", "_enqueued_time"))
    return (
        records.select("*", identity.alias("_identity"))
        .groupBy(F.col("_stream").alias("stream"), F.col("_partition").alias("partition"))
        .agg(
            F.count("_identity").alias("events"),
            F.count_distinct("_identity").alias("coordinates"),
            F.count_if(F.col("_sequence").isNull()).alias("without_coordinates"),
            F.count_if(F.col("_stream").isNull()).alias("unread"),
        )
        .select(F.lit(of).alias("records"), "*")
    )


@dp.materialized_view(
    comment="The landing's promise, asserted: in bronze each event stands once, and so it does in bronze "
    "without replays and the rejections together. An update where it does not ends with an error."
)
@expect_all_or_fail(LANDING)
def landing_check():
    spark = SparkSession.active()
    bronze = spark.read.table("orders_bronze")
    rejected = spark.read.table("rejections_bronze").where("_reason IS NOT NULL OR _resolution IS NULL")
    columns = [*COORDINATES.values(), "_rescued_data"]
    first = bronze.where("_replayed IS NULL").select(columns).union(rejected.select(columns))
    return _counted("bronze", bronze.select(columns)).union(_counted("bronze and rejections", first))


@dp.materialized_view(comment="Accepted events that break an expectation of their silver table, and which.")
def quarantine():
    bronze = SparkSession.active().read.table("orders_bronze")
    tables = [
        ("order_transactions", transactions(bronze), TRANSACTION),
        ("order_events", order_events(bronze), ORDER_EVENT),
    ]
    found = [
        rows.select(F.lit(table).alias("table"), *_IDENTITY, "schema", broken(promises).alias("broken"))
        for table, rows, promises in tables
    ]
    return reduce(DataFrame.union, found).where("size(broken) > 0")


@dp.materialized_view(comment="How many events each expectation let pass and stopped.")
def expectation_counts():
    spark = SparkSession.active()
    promised = [
        spark.read.table(table)
        .agg(F.count("*").alias("rows_kept"))
        .select(F.lit(table).alias("table"), F.explode(F.array(*map(F.lit, names))).alias("expectation"), "rows_kept")
        for table, names in (("order_transactions", TRANSACTION), ("order_events", ORDER_EVENT))
    ]
    stopped = (
        spark.read.table("quarantine")
        .select("table", F.explode("broken").alias("expectation"))
        .groupBy("table", "expectation")
        .agg(F.count("*").alias("stopped"))
    )
    return (
        reduce(DataFrame.union, promised)
        .join(stopped, ["table", "expectation"], "left")
        .select("table", "expectation", "rows_kept", F.coalesce("stopped", F.lit(0)).alias("rows_stopped"))
    )
