"""The payloads of bronze, typed: what each subject's schema says, as columns."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.numbers import amount, price, quantity
from pipeline.records import coordinates, payload

# numbers are read as their text, and made decimals from there
_TRANSACTION = """
    TransactionNo STRING, Date STRING, ProductNo STRING, ProductName STRING, Price STRING,
    Quantity STRING, CustomerNo STRING, Country STRING
"""

_ORDER = """
    orderId STRING, event STRING, time STRING, customer STRUCT<id: STRING, country: STRING>,
    currency STRING, total STRING, reason STRING,
    lines ARRAY<STRUCT<productNo: STRING, productName: STRING, quantity: STRING, price: STRING>>
"""


def transactions(bronze: DataFrame) -> DataFrame:
    """The events of the subject `order-transaction`."""
    number, units = price(F.col("it.Price")), quantity(F.col("it.Quantity"))
    return _of("order-transaction", bronze, _TRANSACTION).select(
        *_about(),
        F.col("it.TransactionNo").alias("transaction_no"),
        F.to_date(F.try_to_timestamp("it.Date", F.lit("M/d/yyyy"))).alias("date"),
        F.col("it.ProductNo").alias("product_no"),
        F.col("it.ProductName").alias("product_name"),
        number.alias("price"),
        units.alias("quantity"),
        amount(number, units).alias("amount"),
        F.col("it.CustomerNo").alias("customer_no"),
        F.col("it.Country").alias("country"),
        F.startswith("it.TransactionNo", F.lit("C")).alias("cancelled"),
    )


def order_events(bronze: DataFrame) -> DataFrame:
    """The events of the subject `order`. `position` orders them: enqueued time, then sequence."""
    return _of("order", bronze, _ORDER).select(
        *_about(),
        F.struct("_enqueued_time", "_sequence", "_stream", "_partition").alias("position"),
        F.col("it.orderId").alias("order_id"),
        F.col("it.event").alias("status"),
        F.col("it.time").try_cast("TIMESTAMP").alias("time"),
        F.col("it.customer").alias("customer"),
        F.col("it.currency").alias("currency"),
        F.transform("it.lines", _line).alias("lines"),
        price(F.col("it.total")).alias("total"),
        F.col("it.reason").alias("reason"),
    )


def _line(line: Column) -> Column:
    return F.struct(
        line["productNo"].alias("product_no"),
        line["productName"].alias("product_name"),
        quantity(line["quantity"]).alias("quantity"),
        price(line["price"]).alias("price"),
    )


def _of(subject: str, bronze: DataFrame, fields: str) -> DataFrame:
    events = bronze.where(F.startswith("_schema", F.lit(f"{subject}/")))
    # exploded, so that it is parsed once: Spark moves nothing that uses `it` below this
    return events.select("*", F.explode(F.array(F.from_json(payload(), fields))).alias("it"))


def _about() -> list[Column]:
    return [
        *coordinates(),
        F.col("_message_id").alias("message_id"),
        F.col("_schema").alias("schema"),
        F.coalesce("_replayed", F.lit(False)).alias("replayed"),
        F.col("_landed_time").alias("landed_time"),
        F.current_timestamp().alias("silver_time"),
    ]
