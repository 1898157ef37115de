"""Silver: orders, as created, updated, cancelled and completed say they stand."""

from pyspark import pipelines as dp
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.changes import newest
from pipeline.events import order_events as typed
from pipeline.expectations import ORDER_EVENT, expect_all_or_drop


@dp.table(comment="What happened to orders, typed: each event of the schema order once.")
@expect_all_or_drop(ORDER_EVENT)
def order_events():
    return typed(SparkSession.active().readStream.table("orders_bronze"))


def _newest(target: str, columns: list[str], where: str, comment: str) -> None:
    newest(target, of="order_events", key="order_id", by="position", columns=columns, where=where, comment=comment)


# A completed order does not say its lines, nor a cancelled one its customer: so of each part the
# newest event that says it counts.
_newest("order_status", ["status", "time", "total", "reason"], "true", "Of each order what happened last.")
_newest("order_lines", ["currency", "lines"], "lines IS NOT NULL", "Of each order its lines as they were said last.")
_newest("order_customers", ["customer"], "customer IS NOT NULL", "Of each order who ordered it.")


@dp.materialized_view(comment="Orders in their current state.")
def orders():
    spark = SparkSession.active()
    status, lines, customers = map(spark.read.table, ("order_status", "order_lines", "order_customers"))
    return (
        status.join(lines.select("order_id", "currency", "lines"), "order_id", "left")
        .join(customers.select("order_id", "customer"), "order_id", "left")
        .select(
            "order_id",
            "status",
            "time",
            F.col("position._enqueued_time").alias("enqueued_time"),
            F.col("customer.id").alias("customer_id"),
            F.col("customer.country").alias("country"),
            "currency",
            "lines",
            "total",
            "reason",
        )
    )
