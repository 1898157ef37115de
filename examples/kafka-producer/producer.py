#!/usr/bin/env python3
"""Sends transaction lines to a Kafka topic; the key is the order's id, so its lines stay in order.

    producer.py --config FILE [--topic TOPIC] (--csv FILE | --generate N [--seed S])
    producer.py --dry-run     (--csv FILE | --generate N [--seed S])     prints them instead

FILE has librdkafka's settings below `[kafka]`: event-hubs.ini, local.ini. A setting from the
environment stands before it: KAFKA_SASL_PASSWORD is `sasl.password`. It ends with 0 where the broker
has every record, else with 1.
"""

import argparse
import configparser
import csv
import json
import math
import os
import random
import sys

ORDER_ID = "TransactionNo"
PATIENCE = 120


def settings(file: str) -> dict[str, str]:
    """The file's settings, and those of the environment before them."""
    # a value may have `%`, and user names of Event Hubs begin with `$`
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    with open(file, encoding="utf-8") as lines:
        parser.read_file(lines)
    found = dict(parser["kafka"])
    for name, value in os.environ.items():
        if name.startswith("KAFKA_"):
            found[name.removeprefix("KAFKA_").lower().replace("_", ".")] = value
    # what a producer sends twice lands twice; and a record counts when all replicas have it
    return found | {"enable.idempotence": "true", "acks": "all"}


def number(text: str) -> int | float | str:
    """A JSON number; text that is none stays what it is, and is refused under its own name."""
    try:
        value = json.loads(text, parse_constant=str)
    except ValueError:
        return text
    return value if type(value) in (int, float) and math.isfinite(value) else text


def rows(file: str):
    """The lines of an export of the data set's shape (`Sales Transaction v.4a.csv`)."""
    with open(file, encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            line = {name: value for name, value in row.items() if value not in ("", "NA", None)}
            yield line | {name: number(line[name]) for name in ("Price", "Quantity") if name in line}


def generated(count: int, seed: int):
    """Lines of the same shape; those of a seed are always the same."""
    dice = random.Random(seed)
    order = 600_000
    while count > 0:
        order += 1
        cancelled = dice.random() < 0.1
        head = {
            ORDER_ID: f"C{order}" if cancelled else str(order),
            "Date": f"{dice.randint(1, 12)}/{dice.randint(1, 28)}/2019",
        }
        tail = {"CustomerNo": str(dice.randint(12000, 18000)), "Country": dice.choice(["United Kingdom", "Norway"])}
        for _ in range(min(dice.randint(1, 12), count)):
            product = dice.randint(10000, 10400)
            bought = {
                "ProductNo": str(product),
                "ProductName": f"Product {product}",
                "Price": dice.randint(100, 4000) / 100,
                "Quantity": dice.randint(1, 48) * (-1 if cancelled else 1),
            }
            yield head | bought | tail
            count -= 1


class Sending:
    """A producer, and what the broker said of each record."""

    def __init__(self, config: dict[str, str], topic: str) -> None:
        # a dry run does without the client
        from confluent_kafka import Producer

        # `trouble` says what goes wrong; the client's own log would say it again
        self.producer = Producer({"log_level": "2"} | config | {"error_cb": self.trouble})
        self.topic, self.delivered, self.failed = topic, 0, 0
        self.said: set[int] = set()

    def trouble(self, error) -> None:
        # a connection is tried again and again
        if error.code() not in self.said:
            self.said.add(error.code())
            print(f"producer: {error.str()}", file=sys.stderr)

    def report(self, error, message) -> None:
        if error is None:
            self.delivered += 1
        else:
            self.failed += 1
            print(f"producer: {message.key()}: not delivered: {error.str()}", file=sys.stderr)

    def send(self, line: dict) -> None:
        value = json.dumps(line, ensure_ascii=False).encode()
        while True:
            try:
                self.producer.produce(self.topic, key=line.get(ORDER_ID), value=value, on_delivery=self.report)
                break
            except BufferError:
                # the queue is full: reports make room
                self.producer.poll(1)
        self.producer.poll(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", metavar="FILE")
    parser.add_argument("--topic", default="orders")
    parser.add_argument("--csv", metavar="FILE")
    parser.add_argument("--generate", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=7, metavar="S")
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    if (arguments.csv is None) == (arguments.generate is None) or arguments.dry_run == bool(arguments.config):
        parser.error("one of --csv and --generate, and one of --config and --dry-run")
    lines = rows(arguments.csv) if arguments.csv else generated(arguments.generate, arguments.seed)
    if arguments.dry_run:
        for line in lines:
            print(json.dumps(line, ensure_ascii=False))
        return 0
    sending, sent = Sending(settings(arguments.config), arguments.topic), 0
    for line in lines:
        sending.send(line)
        sent += 1
    left = sending.producer.flush(PATIENCE)
    print(f"{sending.delivered} of {sent} records delivered")
    return 1 if sending.failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
