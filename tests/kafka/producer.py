#!/usr/bin/env python3
"""Sends records to a topic, and says where each of them stands.

    producer.py --config producer.properties --topic orders < records.ndjson > sent.ndjson

The configuration is librdkafka's: Event Hubs, Confluent Cloud and Apache Kafka differ in that file
alone (docs/kafka.md). A line of the input is a record: `key` (text or null), `headers` (pairs of a
name and a value in base64 or null), `value` (base64, or null for a tombstone). A line of the output
is the same record with its `partition`, `offset` and `timestamp`.

With `--transactions N` every N records are a transaction, and before each of them another one is
aborted: so the offsets have holes, and readers must not see the aborted records.
"""

import argparse
import base64
import json
import sys

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic


def properties(file):
    """A properties file: lines of `name=value`, and comments."""
    with open(file, encoding="utf-8") as lines:
        stripped = (line.strip() for line in lines)
        pairs = (line.partition("=") for line in stripped if line and not line.startswith("#"))
        return {name.strip(): value.strip() for name, _, value in pairs}


def create(config, topic, partitions):
    """Makes the topic, if it is not there."""
    client = AdminClient(config)  # its futures end with it
    made = client.create_topics([NewTopic(topic, partitions, 1)], request_timeout=30)
    try:
        made[topic].result()
    except Exception as error:  # noqa: BLE001: whatever else it is, sending says so
        if "TOPIC_ALREADY_EXISTS" not in str(error):
            raise


def decoded(base64_or_none):
    return None if base64_or_none is None else base64.b64decode(base64_or_none)


class Sending:
    """A producer, and the records that the broker has taken."""

    def __init__(self, config, topic):
        self.producer, self.topic, self.taken = Producer(config), topic, []

    def send(self, record, keep=True):
        def delivered(error, message):
            if error is not None:
                raise SystemExit(f"not delivered: {error}")
            if keep:
                place = (message.partition(), message.offset(), message.timestamp()[1])
                self.taken.append(record | dict(zip(("partition", "offset", "timestamp"), place)))

        key, value = record["key"], decoded(record["value"])
        headers = [(name, decoded(value)) for name, value in record["headers"]]
        while True:
            try:
                self.producer.produce(self.topic, key=key, value=value, headers=headers, on_delivery=delivered)
                break
            except BufferError:
                # the queue is full: what is waiting goes out first
                self.producer.poll(1)
        self.producer.poll(0)

    def transaction(self, records, commit):
        self.producer.begin_transaction()
        for record in records:
            self.send(record, keep=commit)
        if commit:
            self.producer.commit_transaction(60)
        else:
            self.producer.flush()
            self.producer.abort_transaction(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--partitions", type=int, help="make the topic, with so many partitions")
    parser.add_argument("--transactions", type=int, metavar="N")
    arguments = parser.parse_args()

    config = properties(arguments.config)
    if arguments.partitions:
        create(config, arguments.topic, arguments.partitions)
    records = [json.loads(line) for line in sys.stdin]
    size = arguments.transactions
    if size:
        config |= {"transactional.id": "bronzegate-producer"}
    sending = Sending(config | {"enable.idempotence": True}, arguments.topic)
    if size:
        sending.producer.init_transactions(60)
        for first in range(0, len(records), size):
            sending.transaction(records[first : first + 1], commit=False)
            sending.transaction(records[first : first + size], commit=True)
    else:
        for record in records:
            sending.send(record)
    left = sending.producer.flush(60)
    if left:
        raise SystemExit(f"{left} records were not delivered within 60 s")
    for record in sending.taken:
        print(json.dumps(record))


if __name__ == "__main__":
    main()
