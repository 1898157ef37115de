"""Silver: rejections that are open."""

from pyspark import pipelines as dp
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.records import COORDINATES, coordinates

_COLUMNS = [*COORDINATES, "reason", "schema", "errors", "body_text", "body_base64", "blob"]


def _without_coordinates(rejections, resolved):
    """Of these the lines alone are known to be resolved, and a reader of files knows no lines: they
    are open until as many are resolved as their blob holds."""
    rejections, resolved = (it.where("sequence IS NULL") for it in (rejections, resolved))
    held = rejections.groupBy("blob").agg(F.count("*").alias("held"))
    done = resolved.groupBy("blob").agg(F.count_distinct("line").alias("done"))
    blobs = held.join(done, "blob", "left").where("done IS NULL OR done < held").select("blob")
    return rejections.join(blobs, "blob", "left_semi")


def _blob(path):
    """A blob's name in the lake, from its file's URL."""
    return F.regexp_extract(F.url_decode(path), r"(rejections/[^/]+/[^/]+/date=.*)$", 1)


@dp.materialized_view(comment="Rejected events without a resolution: what `bronzegate replay` would judge again.")
def rejections_open():
    log = SparkSession.active().read.table("rejections_bronze")
    rejections = log.where("_reason IS NOT NULL").select(
        *coordinates(),
        F.col("_reason").alias("reason"),
        F.col("_schema").alias("schema"),
        F.col("_errors").alias("errors"),
        F.col("body_text"),
        F.col("body_base64"),
        _blob(F.col("_file_path")).alias("blob"),
    )
    resolved = log.where("_resolution IS NOT NULL").select(
        *coordinates(), F.col("_rejection").alias("blob"), F.col("_line").alias("line")
    )
    known = resolved.where("sequence IS NOT NULL").select(*COORDINATES, "blob")
    by_coordinates = rejections.where("sequence IS NOT NULL").join(
        known, [*COORDINATES, "blob"], "left_anti"
    )
    without = _without_coordinates(rejections, resolved)
    # a join by name puts its columns first
    return by_coordinates.select(*_COLUMNS).union(without.select(*_COLUMNS))
