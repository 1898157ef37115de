#!/usr/bin/env python3
"""An order API whose every change is an event: POST /orders, PUT and DELETE /orders/ID, GET /orders/ID.

A change is published before it is made and answered, so there is no order that the lake does not
know of; where the hub does not take it, the answer is 503 and nothing has changed. The API looks at
the orders' form as little as it can: the schemas do that.

CONNECTION is the hub's connection string; without it, that of `bronzegate local --hub`. PORT is 8000.
"""

import json
import os
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from azure.eventhub import EventData, EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

LAPTOP = (
    "Endpoint=sb://localhost:5672;SharedAccessKeyName=RootManageSharedAccessKey;"
    "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;EntityPath=orders"
)
TYPE = "com.example.order."
LARGEST = 1 << 20


class Orders:
    """The orders, and the producer that hears of each change first."""

    def __init__(self, producer: EventHubProducerClient) -> None:
        self.producer, self.orders, self.lock = producer, {}, threading.Lock()
        self.last = 0

    def create(self, order: dict) -> dict:
        with self.lock:
            made = {"orderId": f"{self.last + 1:08x}", "version": 1, "order": order}
            self.publish("created", made)
            self.last += 1
            self.orders[made["orderId"]] = made
            return made

    def update(self, order_id: str, changes: dict) -> dict | None:
        with self.lock:
            if (before := self.orders.get(order_id)) is None:
                return None
            version = before["version"] + 1
            self.publish("updated", {"orderId": order_id, "version": version, "changes": changes})
            after = before | {"version": version, "order": before["order"] | changes}
            self.orders[order_id] = after
            return after

    def delete(self, order_id: str, why: dict) -> dict | None:
        with self.lock:
            if (before := self.orders.get(order_id)) is None:
                return None
            self.publish("deleted", {"orderId": order_id, "version": before["version"] + 1} | why)
            return self.orders.pop(order_id)

    def publish(self, what: str, data: dict) -> None:
        """A CloudEvent, under a key that keeps the events of one order in order."""
        name = f"{data['orderId']}-{data['version']}"
        envelope = {
            "specversion": "1.0",
            "id": name,
            "source": "/orders",
            "type": TYPE + what,
            "time": datetime.now(timezone.utc).isoformat(),
            "datacontenttype": "application/json",
            "subject": data["orderId"],
            "data": data,
        }
        event = EventData(json.dumps(envelope))
        event.content_type = "application/cloudevents+json"
        event.message_id = name
        self.producer.send_event(event, partition_key=data["orderId"])


class Api(BaseHTTPRequestHandler):
    """HTTP in front of the orders."""

    protocol_version = "HTTP/1.1"
    orders: Orders

    def do_POST(self) -> None:
        if self.path.rstrip("/") != "/orders":
            return self.answer(404)
        return self.change(lambda order: self.orders.create(order), 201)

    def do_PUT(self) -> None:
        return self.change(lambda changes: self.orders.update(self.order_id(), changes), 200)

    def do_DELETE(self) -> None:
        return self.change(lambda why: self.orders.delete(self.order_id(), why), 200)

    def do_GET(self) -> None:
        found = self.orders.orders.get(self.order_id())
        return self.answer(200 if found else 404, found)

    def order_id(self) -> str:
        return self.path.removeprefix("/orders/")

    def change(self, make, status: int) -> None:
        try:
            length = int(self.headers.get("Content-Length", 0))
            if length > LARGEST:
                self.close_connection = True
                return self.answer(413)
            asked = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            return self.answer(400)
        if not isinstance(asked, dict):
            return self.answer(400)
        try:
            made = make(asked)
        except EventHubError as error:
            self.log_error("not published: %s", type(error).__name__)
            return self.answer(503)
        return self.answer(status if made else 404, made)

    def answer(self, status: int, body: dict | None = None) -> None:
        text = json.dumps(body or {}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def main() -> None:
    connection = os.environ.get("CONNECTION", LAPTOP)
    # who called is told soon, and tries again
    with EventHubProducerClient.from_connection_string(connection, retry_total=1) as producer:
        Api.orders = Orders(producer)
        server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Api)
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
