"""Bronze: row for row what was landed, and in which file."""

from pyspark import pipelines as dp

from pipeline.records import BRONZE, REJECTIONS
from pipeline.source import landed


@dp.table(comment="Accepted events of all schemas, as they were landed; body is the payload's own text.")
def orders_bronze():
    return landed("bronze", BRONZE)


@dp.table(comment="The rejection log: rejected events with their reasons, and resolutions (without a _reason).")
def rejections_bronze():
    return landed("rejections", REJECTIONS)
