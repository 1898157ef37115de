"""Gold: the figures. Money is DECIMAL(38,6), days of sales are the transactions' own."""

from pyspark import pipelines as dp
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.numbers import AMOUNT, UNITS

_UNITS = F.col("quantity").cast(UNITS)


def _table(name: str):
    return SparkSession.active().read.table(name)


def _units(cancelled: bool):
    # a single line may have the greatest of 64 bits: the sum is wider
    units = F.when(F.col("cancelled") == cancelled, F.abs(_UNITS)).otherwise(F.lit(0).cast(UNITS))
    return F.sum(units).alias("units_cancelled" if cancelled else "units_sold")


def _money(name: str, counted):
    return F.sum(F.when(counted, F.abs("amount")).otherwise(F.lit(0).cast(AMOUNT))).alias(name)


_SOLD, _CANCELLED = ~F.col("cancelled"), F.col("cancelled")
_FIGURES = [
    F.count_distinct(F.when(_SOLD, F.col("transaction_no"))).alias("transactions"),
    F.count_distinct(F.when(_CANCELLED, F.col("transaction_no"))).alias("cancellations"),
    F.count("*").alias("lines"),
    _units(cancelled=False),
    _units(cancelled=True),
    _money("sold", _SOLD),
    _money("cancelled", _CANCELLED),
    F.sum("amount").alias("net"),
]


@dp.materialized_view(comment="Sales of each day and country; net is sold less cancelled.")
def sales_by_day_and_country():
    return _table("sales").groupBy("date", "country").agg(*_FIGURES)


@dp.materialized_view(comment="Sales of each product, cancellations netted; the name is the one that was used last.")
def sales_by_product():
    last = F.struct("enqueued_time", "sequence", "stream", "partition")
    name = F.max_by("product_name", last).alias("product_name")
    return _table("sales").groupBy("product_no").agg(name, F.sum(_UNITS).alias("net_units"), *_FIGURES)


@dp.materialized_view(comment="What each customer ordered, and its value; the row without a number has those who are not known.")
def customers():
    days = [F.min("date").alias("first_day"), F.max("date").alias("last_day")]
    return _table("sales").groupBy("customer_no").agg(*_FIGURES, *days)


@dp.materialized_view(comment="Rejected events of each day (of the enqueued time, UTC), schema and reason, and their share of the day's events.")
def rejections_by_day():
    day = F.to_date("_enqueued_time").alias("day")
    rejected = _table("rejections_bronze").where("_reason IS NOT NULL")
    accepted = _table("orders_bronze").where("_replayed IS NULL")
    events = rejected.select(day).union(accepted.select(day)).groupBy("day").agg(F.count("*").alias("events"))
    still_open = (
        _table("rejections_open")
        .groupBy(F.to_date("enqueued_time").alias("day"), "schema", "reason")
        .agg(F.count("*").alias("open"))
    )
    counted = rejected.groupBy(day, F.col("_schema").alias("schema"), F.col("_reason").alias("reason")).agg(
        F.count("*").alias("rejected")
    )
    same = [F.col(f"counted.{it}").eqNullSafe(F.col(f"still.{it}")) for it in ("day", "schema", "reason")]
    return (
        counted.alias("counted")
        .join(still_open.alias("still"), same, "left")
        .join(events.alias("events"), F.col("counted.day").eqNullSafe(F.col("events.day")))
        .select(
            "counted.day",
            "counted.schema",
            "counted.reason",
            "rejected",
            F.coalesce("open", F.lit(0)).alias("open"),
            "events.events",
            (F.col("rejected") / F.col("events.events")).cast("DECIMAL(9,6)").alias("share"),
        )
    )


@dp.materialized_view(comment="Seconds from enqueued to landed, and to silver, of each hour's events.")
def freshness():
    def seconds(until):
        return F.unix_millis(until) / 1000 - F.unix_millis("enqueued_time") / 1000

    def figures(name, until):
        lag = seconds(until)
        return [
            F.percentile_approx(lag, 0.5).alias(f"{name}_median"),
            F.percentile_approx(lag, 0.95).alias(f"{name}_95_percent"),
            F.max(lag).alias(f"{name}_most"),
        ]

    columns = ["stream", "enqueued_time", "landed_time", "silver_time"]
    events = _table("order_transactions").select(columns).union(_table("order_events").select(columns))
    return events.groupBy("stream", F.date_trunc("hour", "enqueued_time").alias("hour")).agg(
        F.count("*").alias("events"), *figures("landed", "landed_time"), *figures("silver", "silver_time")
    )
