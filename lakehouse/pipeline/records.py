"""The columns of the lines that bronzegate lands, and the payload behind them.

`body` and `_properties` stay text: Spark 4 hands on the line's own characters, so no number is
rounded; earlier versions write numbers anew. So does `from_json` in all of them where a number is to
become text, which is why Python puts a payload's numbers in quotes before (`digits`).
"""

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

_COORDINATES = """
    _stream STRING, _partition STRING, _sequence BIGINT, _offset STRING, _enqueued_time TIMESTAMP,
    _key STRING, _message_id STRING, _correlation_id STRING, _content_type STRING,
    _properties STRING, _schema STRING
"""

BRONZE = f"{_COORDINATES}, _replayed BOOLEAN, body STRING"

REJECTIONS = f"""
    {_COORDINATES}, _reason STRING,
    _errors ARRAY<STRUCT<pointer: STRING, keyword: STRING, schema_pointer: STRING, message: STRING>>,
    body_base64 STRING, body_text STRING,
    _resolution STRING, _rejection STRING, _line BIGINT
"""

# the names under which silver has them
COORDINATES = {
    "stream": "_stream",
    "partition": "_partition",
    "sequence": "_sequence",
    "enqueued_time": "_enqueued_time",
}


def coordinates() -> list[Column]:
    """An event's identity: stream, partition, sequence and enqueued time."""
    return [F.col(source).alias(name) for name, source in COORDINATES.items()]


def digits():
    """A function that puts the numbers of a JSON text in quotes, digit for digit."""

    # defined here, so that it goes to the workers by value and they need not have this module
    def quoted(text: str | None) -> str | None:
        import json

        return None if text is None else json.dumps(json.loads(text, parse_int=str, parse_float=str))

    return F.udf(quoted, StringType())


def payload() -> Column:
    """What was judged, with its numbers as text: the body, or the `data` of a structured CloudEvents
    envelope."""
    header = F.expr(_HEADER)
    # the Kafka endpoint hands a header's bytes on as base64, in which no media type is read
    decoded = F.expr(f"CAST(try_to_binary({_HEADER}, 'base64') AS STRING)")
    said = F.coalesce("_content_type", F.when(header.contains("+json"), header).otherwise(decoded))
    media_type = F.lower(F.trim(F.split(said, ";")[0]))
    body = digits()("body")
    data = F.from_json(body, "data STRING")["data"]
    return F.when(media_type == "application/cloudevents+json", data).otherwise(body)


# try_element_at: most events have no such header
_HEADER = """
    try_element_at(map_values(map_filter(
        from_json(_properties, 'MAP<STRING, STRING>'), (name, value) -> lower(name) = 'content-type'
    )), 1)
"""
