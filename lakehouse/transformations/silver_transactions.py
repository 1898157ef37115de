"""Silver: the lines of transactions."""

from pyspark import pipelines as dp
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from pipeline.events import transactions
from pipeline.expectations import TRANSACTION, expect_all_or_drop
from pipeline.source import setting


@dp.table(comment="Lines of transactions, typed: each event of the schema order-transaction once.")
@expect_all_or_drop(TRANSACTION)
def order_transactions():
    return transactions(SparkSession.active().readStream.table("orders_bronze"))


def first_of_message(lines: DataFrame) -> DataFrame:
    """Without what a producer sent again to a stream; lines without a message id all count."""
    copies = Window.partitionBy("stream", "message_id").orderBy("enqueued_time", "sequence", "partition")
    copy = F.when(F.col("message_id").isNotNull(), F.row_number().over(copies)).otherwise(1)
    return lines.select("*", copy.alias("copy")).where("copy = 1")


@dp.materialized_view(
    comment="The lines that gold counts: all, or where spark.bronzegate.messages is `distinct` "
    "the first of those that a producer sent under one message id."
)
def sales():
    lines = SparkSession.active().read.table("order_transactions")
    if setting("messages", "all") == "distinct":
        return first_of_message(lines)
    return lines.select("*", F.lit(1).alias("copy"))
