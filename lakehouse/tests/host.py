"""The Functions host's part: starts the real handler, posts batches, kills it."""

import base64
import http.client
import json
import os
import socket
import subprocess
import time
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BRONZEGATE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "bronzegate"


def bronzegate(*arguments: object) -> str:
    """Runs a command of the real program; its stdout."""
    command = [str(BRONZEGATE), *map(str, arguments)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{command}: {ended.stdout}\n{ended.stderr}"
    return ended.stdout


class Handler:
    """`bronzegate serve`, landing in a folder."""

    def __init__(self, lake: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = os.environ | {
            "FUNCTIONS_CUSTOMHANDLER_PORT": str(self.port),
            "FUNCTIONS_APP_ROOT_PATH": str(ROOT),
            "LANDING_URL": f"file://{lake}",
        }
        self.process = subprocess.Popen([str(BRONZEGATE)], env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("the handler does not listen")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self) -> None:
        """SIGKILL, now."""
        self.process.kill()
        self.process.wait()

    def send(self, events) -> http.client.HTTPConnection:
        """Posts a batch of a partition, and does not wait for the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json", "X-Azure-Functions-InvocationId": "f1248305-0000-4000-8000-000000000000"}
        connection.request("POST", "/IngestOrders", _invocation(events), headers)
        return connection

    def land(self, events) -> None:
        """Posts batches of up to 100 events of one partition each, in the order of the hub."""
        partitions = sorted(events, key=lambda it: it.partition)
        for _, log in groupby(partitions, key=lambda it: it.partition):
            log = list(log)
            for first in range(0, len(log), 100):
                answer = self.send(log[first : first + 100]).getresponse()
                assert answer.status == 200, answer.read()


def _invocation(events) -> str:
    def column(value):
        return json.dumps([value(event) for event in events])

    def system(event):
        found = {"content-type": event.content_type, "message-id": event.message_id}
        return {name: value for name, value in found.items() if value is not None}

    metadata = {
        "PartitionContext": {
            "FullyQualifiedNamespace": "shop.servicebus.windows.net",
            "EventHubName": "orders",
            "PartitionId": str(events[0].partition),
        },
        "SequenceNumberArray": column(lambda it: it.sequence),
        "EnqueuedTimeUtcArray": column(lambda it: it.enqueued.strftime("%Y-%m-%dT%H:%M:%S")),
        "PropertiesArray": column(lambda it: it.properties),
        "SystemPropertiesArray": column(system),
    }
    bodies = column(lambda it: base64.b64encode(it.text.encode()).decode())
    return json.dumps({"Data": {"events": bodies}, "Metadata": metadata})
