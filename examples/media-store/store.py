#!/usr/bin/env python3
"""Sends a day of a media store to an event hub.

    store.py FILE…        events/rental.ndjson: a line is an event of the schema `rental/1`

CONNECTION is the hub's connection string; without it, that of `bronzegate local --hub`.
"""

import json
import os
import sys
from pathlib import Path

from azure.eventhub import EventData, EventHubProducerClient

LAPTOP = (
    "Endpoint=sb://localhost:5672;SharedAccessKeyName=RootManageSharedAccessKey;"
    "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;EntityPath=orders"
)
# the events of one copy, or of one receipt, stay in order
KEYS = ("copy", "receipt")


def key(line: bytes) -> str | None:
    """The partition key; none where the line can't be read: it is sent all the same."""
    try:
        event = json.loads(line)
        return next((str(event[name]) for name in KEYS if name in event), None)
    except (ValueError, TypeError):
        return None


def events(file: Path):
    """A file's events, each with its key. What was written is sent, byte for byte."""
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        event = EventData(line)
        event.properties = {"schema": f"{file.stem}/1"}
        event.content_type = "application/json"
        event.message_id = f"{file.stem}-{number}"
        yield key(line), event


def main() -> None:
    files = [Path(it) for it in sys.argv[1:]]
    if not files:
        sys.exit(__doc__)
    connection = os.environ.get("CONNECTION", LAPTOP)
    sent = 0
    with EventHubProducerClient.from_connection_string(connection) as producer:
        for file in files:
            for partition_key, event in events(file):
                # it returns when the hub has acknowledged it, and raises where it does not
                producer.send_event(event, partition_key=partition_key)
                sent += 1
    print(f"{sent} events sent")


if __name__ == "__main__":
    main()
