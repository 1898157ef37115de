#!/usr/bin/env python3
"""Stands in for the Functions host with its Kafka extension (4.3): a consumer group's member that
posts batches to the handler.

    extension.py --config consumer.properties --topic orders --group g --url URL \
        [--data-type string] [--max-batch N]

As the extension's source has it: records of all its partitions are collected up to `maxBatchSize` or
`subscriberIntervalInSeconds`; a batch that failed is tried again with the same invocation id and does
not let go of its place (retry policy with `maxRetryCount: -1`); after success the offset behind the
batch's last record of each partition is stored, and committed every 200 ms. It ends by being killed,
or with its standard input.
"""

import argparse
import base64
import datetime
import http.client
import json
import os
import sys
import threading
import time
import urllib.parse
import uuid

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, TopicPartition

from producer import properties

INTERVAL = 1.0
PAUSE = 0.1


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def encoded(value):
    return None if value is None else base64.b64encode(value).decode()


def text(value):
    """As .NET reads UTF-8: what is none becomes U+FFFD."""
    return None if value is None else value.decode("utf-8", "replace")


def timestamp(message):
    """A DateTime as Newtonsoft.Json writes it: in UTC, without zeros at the end."""
    kind, millis = message.timestamp()
    millis = 0 if kind == TIMESTAMP_NOT_AVAILABLE else millis
    seconds, fraction = divmod(millis, 1000)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    digits = f".{fraction:03}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{digits}Z"


def headers(message):
    return [{"Key": key, "Value": encoded(value)} for key, value in message.headers() or []]


def envelope(message):
    return compact(
        {
            "Offset": message.offset(),
            "Partition": message.partition(),
            "Topic": message.topic(),
            "Timestamp": timestamp(message),
            "Value": text(message.value()),
            "LeaderEpoch": message.leader_epoch(),
            "IsPartitionEOF": False,
            "Key": text(message.key()),
            "Headers": headers(message),
        }
    )


def body(batch, data_type):
    """The host's request: the binding's value is made JSON twice, and so is each array."""
    column = lambda of: compact([of(message) for message in batch])  # noqa: E731
    if data_type == "string":
        data = column(envelope)
    else:
        data = column(lambda message: encoded(message.value() or b""))
    return compact(
        {
            "Data": {"records": data},
            "Metadata": {
                "PartitionArray": column(lambda it: it.partition()),
                "OffsetArray": column(lambda it: it.offset()),
                "TimestampArray": column(timestamp),
                "TopicArray": column(lambda it: it.topic()),
                "KeyArray": column(lambda it: text(it.key())),
                "HeadersArray": column(headers),
                "LeaderEpochArray": column(lambda it: it.leader_epoch()),
                "IsPartitionEOFArray": column(lambda it: False),
                "sys": {"MethodName": "IngestOrdersKafka", "UtcNow": "2026-11-20T12:00:03.1Z"},
                "RetryContext": {"RetryCount": 0, "MaxRetryCount": -1, "State": {}},
            },
        }
    ).encode()


def chunks(request, size=16 * 1024):
    return (request[at : at + size] for at in range(0, len(request), size))


def invoke(url, request, invocation):
    """Whether the function succeeded. The request is chunked, as it is in Azure."""
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    try:
        connection.request(
            "POST",
            url.path,
            body=chunks(request),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "X-Azure-Functions-InvocationId": invocation,
            },
            encode_chunked=True,
        )
        answer = connection.getresponse()
        return answer.status == 200 and isinstance(json.loads(answer.read()), dict)
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def collect(consumer, most):
    batch, end = [], time.monotonic() + INTERVAL
    while len(batch) < most and (left := end - time.monotonic()) > 0:
        message = consumer.poll(left)
        if message is None:
            break
        if message.error() is None:
            batch.append(message)
        elif message.error().code() != KafkaError._PARTITION_EOF:
            print(f"consume error: {message.error()}", flush=True)
    return batch


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("--config", "--topic", "--group", "--url"):
        parser.add_argument(name, required=True)
    parser.add_argument("--data-type", choices=("binary", "string"), default="binary")
    parser.add_argument("--max-batch", type=int, default=64)
    arguments = parser.parse_args()

    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    url = urllib.parse.urlparse(arguments.url)
    consumer = Consumer(
        properties(arguments.config)
        | {
            "group.id": arguments.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": True,
            "auto.commit.interval.ms": 200,
            "enable.auto.offset.store": False,
            "session.timeout.ms": 6000,
        }
    )
    consumer.subscribe([arguments.topic])
    while True:
        batch = collect(consumer, arguments.max_batch)
        if not batch:
            continue
        request, invocation = body(batch, arguments.data_type), str(uuid.uuid4())
        while not invoke(url, request, invocation):
            time.sleep(PAUSE)
        last = {message.partition(): message for message in batch}
        behind = [
            TopicPartition(it.topic(), it.partition(), it.offset() + 1) for it in last.values()
        ]
        try:
            consumer.store_offsets(offsets=behind)
        except Exception as error:  # noqa: BLE001: the partition went elsewhere; the extension logs it
            print(f"commit error: {error}", flush=True)


if __name__ == "__main__":
    main()
