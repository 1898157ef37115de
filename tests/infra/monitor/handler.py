"""The real handler, as the host starts it, with a lake, telemetry, and a batch at a time."""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from install import ROOT

NAMESPACE, HUB = "shop.servicebus.windows.net", "orders"
PATIENCE = 30
GOOD = {
    "TransactionNo": "581482",
    "Date": "12/9/2019",
    "ProductNo": "22485",
    "ProductName": "Set Of 2 Wooden Market Crates",
    "Price": 21.47,
    "Quantity": 12,
    "CustomerNo": "17490",
    "Country": "United Kingdom",
}


class HandlerError(Exception):
    """The handler did not do what the capture needs."""


@dataclass
class Event:
    """A payload and its properties."""

    body: bytes = json.dumps(GOOD).encode()
    properties: dict | None = None


class Handler:
    """A running handler of an instance; leaving it lets the handler say the last of its telemetry."""

    def __init__(
        self, program: Path, landing_url: str, instance: str, ingestion, log: Path, **settings: str
    ):
        self.port = _free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "FUNCTIONS_CUSTOMHANDLER_PORT": str(self.port),
            "FUNCTIONS_APP_ROOT_PATH": str(ROOT),
            "LANDING_URL": landing_url,
            "STORE_RETRY_BUDGET": "1s",
            "WEBSITE_INSTANCE_ID": instance,
            "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
            "SSL_CERT_FILE": str(ingestion.certificate),
            **settings,
        }
        with open(log, "wb") as stdout:
            self.process = subprocess.Popen(
                [program], env=environment, stdin=subprocess.DEVNULL, stdout=stdout
            )

    def __enter__(self) -> "Handler":
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self._request("GET", "/", None)
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    self.__exit__()
                    raise HandlerError("the handler does not start") from None
                time.sleep(0.02)

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def post(self, partition: str, first: int, events: list[Event], enqueued: str) -> int:
        """Posts a batch as the host does, and says how it was answered."""
        numbers = range(first, first + len(events))
        metadata = {
            "PartitionContext": {
                "FullyQualifiedNamespace": NAMESPACE,
                "EventHubName": HUB,
                "ConsumerGroup": "bronzegate",
                "PartitionId": partition,
            },
            "SequenceNumberArray": json.dumps(list(numbers)),
            "OffsetStringArray": json.dumps([str(4294967296 + number) for number in numbers]),
            "EnqueuedTimeUtcArray": json.dumps([enqueued] * len(events)),
            "PropertiesArray": json.dumps([event.properties or {} for event in events]),
        }
        payloads = json.dumps([base64.b64encode(event.body).decode() for event in events])
        body = json.dumps({"Data": {"events": payloads}, "Metadata": metadata})
        return self._request("POST", "/IngestOrders", body)

    def _request(self, method: str, path: str, body: str | None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            headers = {
                "Content-Type": "application/json",
                "X-Azure-Functions-InvocationId": os.urandom(8).hex(),
            }
            connection.request(method, path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
