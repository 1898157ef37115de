"""Drives a hub with azure-eventhub: client.py CONNECTION WHAT [ARGUMENT…]. Says what it saw as JSON.

tests/hub/node/client.js does the same with @azure/event-hubs.
"""

import base64
import datetime
import json
import sys
import threading

from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient

ORDER = {
    "TransactionNo": "581482",
    "Date": "12/9/2019",
    "ProductNo": "22485",
    "ProductName": "Set Of 2 Wooden Market Crates",
    "Price": 21.47,
    "Quantity": 12,
    "CustomerNo": "17490",
    "Country": "United Kingdom",
}
PATIENCE = 60


def producer(connection, **options):
    return EventHubProducerClient.from_connection_string(connection, **options)


def consumer(connection):
    return EventHubConsumerClient.from_connection_string(connection, consumer_group="$Default")


def order(name, body=None):
    event = EventData(json.dumps(ORDER).encode() if body is None else body)
    event.message_id = name
    event.correlation_id = "c-1"
    event.content_type = "application/json"
    event.properties = {"schema": "order-transaction/1.0.0", "n": 5, "flag": True}
    return event


def batch(client, events, **where):
    made = client.create_batch(**where)
    for event in events:
        made.add(event)
    client.send_batch(made)


def describe(connection):
    with producer(connection) as client:
        hub = client.get_eventhub_properties()
        partitions = [client.get_partition_properties(id) for id in hub["partition_ids"]]
    return {
        "name": hub["eventhub_name"],
        "partitions": hub["partition_ids"],
        "empty": [it["is_empty"] for it in partitions],
        "last": [it["last_enqueued_sequence_number"] for it in partitions],
    }


def send(connection):
    with producer(connection) as client:
        batch(client, [order("key-0"), order("key-1")], partition_key="cust-9")
        batch(client, [order("partition-0")], partition_id="2")
        for turn in range(8):
            client.send_event(order(f"turn-{turn}"))
        batch(client, [order(f"bulk-{n}") for n in range(500)], partition_key="mass")
        batch(client, [order("bad", b"\xff")], partition_id="0")
    return {"sent": 512}


def position(kind, value):
    if kind == "sequence":
        return int(value)
    if kind == "time":
        return datetime.datetime.fromtimestamp(int(value) / 1000, datetime.timezone.utc)
    return value


def receive(connection, partition, kind, value, inclusive, count):
    seen, done = [], threading.Event()

    def on_event(_, event):
        properties = {k.decode(): v.decode() if isinstance(v, bytes) else v for k, v in event.properties.items()}
        key = event.partition_key
        seen.append({
            "sequence": event.sequence_number,
            "offset": event.offset,
            "time": round(event.enqueued_time.timestamp() * 1000),
            "key": key.decode() if isinstance(key, bytes) else key,
            "id": event.message_id,
            "correlation": event.correlation_id,
            "type": event.content_type,
            "properties": properties,
            "body": base64.b64encode(b"".join(event.body)).decode(),
        })
        if len(seen) == int(count):
            done.set()

    client = consumer(connection)
    reading = threading.Thread(target=client.receive, kwargs={
        "on_event": on_event,
        "partition_id": partition,
        "starting_position": position(kind, value),
        "starting_position_inclusive": inclusive == "true",
    }, daemon=True)
    reading.start()
    whole = done.wait(PATIENCE)
    client.close()
    return {"whole": whole, "events": seen}


def epoch(connection):
    """Two consumers on one partition: the higher epoch takes it, and a lower one is refused."""
    errors, ended = {}, {name: threading.Event() for name in ("first", "second", "low")}
    seen = {name: threading.Event() for name in ended}

    def read(name, level):
        client = consumer(connection)

        def on_error(_, error):
            errors.setdefault(name, str(error))
            ended[name].set()

        threading.Thread(target=client.receive, kwargs={
            "on_event": lambda *_: seen[name].set(),
            "on_error": on_error,
            "partition_id": "2",
            "owner_level": level,
            "starting_position": "-1",
        }, daemon=True).start()
        return client

    clients = [read("first", 1)]
    both = seen["first"].wait(PATIENCE)
    clients.append(read("second", 2))
    both &= seen["second"].wait(PATIENCE)
    displaced = ended["first"].wait(PATIENCE)
    clients[0].close()
    clients.append(read("low", 1))
    refused = ended["low"].wait(PATIENCE)
    return {
        "both": both,
        "displaced": displaced and errors["first"],
        "refused": refused and errors["low"],
        "second": errors.get("second"),
    }


def failing(action):
    try:
        action()
    except Exception as error:  # noqa: BLE001 - which one it is, is what is asked
        return f"{type(error).__name__}: {error}"
    return None


def wrong(connection):
    with producer(connection.replace("EntityPath=orders", "EntityPath=nosuch"), retry_total=0) as client:
        return {
            "send": failing(lambda: client.send_batch([order("lost")])),
            "describe": failing(client.get_eventhub_properties),
        }


def large(connection):
    with producer(connection) as client:
        made = client.create_batch()
        added = failing(lambda: made.add(EventData(b"x" * (2 << 20))))
        sent = failing(lambda: client.send_event(EventData(b"x" * (2 << 20))))
        client.send_batch([EventData(b"x" * (1000 << 10))], partition_id="3")
    return {"limit": made.max_size_in_bytes, "added": added, "sent": sent}


def flood(connection):
    """Sends on and on, and says what is acknowledged."""
    with producer(connection) as client:
        for number in range(1_000_000):
            batch(client, [order(f"flood-{number}-{n}") for n in range(10)])
            print(number, flush=True)


if __name__ == "__main__":
    said = globals()[sys.argv[2]](sys.argv[1], *sys.argv[3:])
    print(json.dumps(said), flush=True)
    # consumers that were displaced would try on
    sys.stdout.flush()
    __import__("os")._exit(0)
