"""What the real handler exports of good days and bad ones, as rows of Log Analytics."""

import datetime
import json
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import platform
from .handler import GOOD, HUB, NAMESPACE, PATIENCE, Event, Handler, HandlerError
from .ingestion import Ingestion, Rows, rows

STREAM = f"{NAMESPACE}/{HUB}".replace(".servicebus.windows.net", "")
# why each of these is rejected
BAD = {
    "schema": Event(json.dumps({**GOOD, "Price": "21.47"}).encode()),
    "not-json": Event(b"{"),
    "empty": Event(b""),
    "not-utf8": Event(b'"\xff"'),
    "duplicate-key": Event(b'{"Price":1,"Price":2}'),
    "unknown-schema": Event(properties={"schema": "nothing/1.0.0"}),
}


class Days:
    """The scenarios: of each its rows by table, and what was sent in it."""

    def __init__(self, program: Path):
        self.now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        with tempfile.TemporaryDirectory() as scratch:
            self.folder = Path(scratch)
            self.program = program
            good, late = self.phase(40, self.lands_well), self.phase(12, self.lands_badly)
            self.unheard = self.phase(5, self.is_not_heard, takes_spans=False)
            held = [self.phase(minutes, self.fails) for minutes in (11.5, 0.3)]
        self.well = merge(
            good, platform.host(self.now, [(40, True), (39, True)]), platform.hub(self.now, 40)
        )
        self.badly = merge(
            late, *held, platform.host(self.now, [(10 - step / 2, False) for step in range(12)])
        )
        self.stopped = merge(*held, platform.hub(self.now, 20))
        self.all = merge(self.well, self.badly, self.stopped, self.unheard)

    def phase(self, minutes: float, does, *, takes_spans: bool = True) -> Rows:
        """What a handler exports in its life, as if it had begun some minutes ago."""
        folder = self.fresh("phase")
        self.log = folder / "log"
        ingestion = Ingestion(folder, takes_spans=takes_spans)
        begun = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        try:
            does(ingestion)
        finally:
            ingestion.close()
        found = {**rows(ingestion.envelopes), **platform.log(self.log.read_text())}
        shift = self.now - datetime.timedelta(minutes=minutes) - begun
        for row in (row for table in found.values() for row in table):
            row["TimeGenerated"] = (
                datetime.datetime.fromisoformat(row["TimeGenerated"].rstrip("Z")) + shift
            )
        return found

    def lands_well(self, ingestion) -> None:
        """Two partitions, one bad event of a hundred and fifty, nothing late."""
        with Handler(self.program, self.lake("well"), "instance-1", ingestion, self.log) as handler:
            landed(handler.post("0", 0, [Event()] * 149 + [BAD["schema"]], clock(0)))
            landed(handler.post("1", 0, [Event()] * 50, clock(0)))
            landed(handler.post("1", 50, [Event()] * 10, clock(0)))

    def lands_badly(self, ingestion) -> None:
        """Every kind of rejection, a batch that comes again, fifty numbers left out, an hour late."""
        bad = [event for event in BAD.values() for _ in range(10)]
        self.delivered = Counter(accepted=150, rejected=len(bad), duplicates=150)
        with Handler(
            self.program, self.lake("badly"), "instance-2", ingestion, self.log
        ) as handler:
            enqueued = clock(60)
            landed(handler.post("0", 0, [Event()] * 50 + bad, enqueued))
            landed(handler.post("0", 50 + len(bad), [Event()] * 40, enqueued))
            landed(handler.post("0", 50 + len(bad), [Event()] * 40, enqueued))
            landed(handler.post("0", 0, [Event()] * 50 + bad, enqueued))
            landed(handler.post("0", 140 + len(bad), [Event()] * 60, enqueued))

    def fails(self, ingestion) -> None:
        """The same instance, started anew, and an account that is busy."""
        with (
            Busy() as account,
            Handler(self.program, account.url, "instance-2", ingestion, self.log) as handler,
        ):
            for _ in range(4):
                status = handler.post("0", 1000, [Event()], clock(0))
                if status != 503:
                    raise HandlerError(f"a batch is answered {status} where the store is busy")

    def is_not_heard(self, ingestion) -> None:
        """Spans are refused, metrics are not."""
        often = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
        with Handler(
            self.program, self.lake("unheard"), "instance-3", ingestion, self.log, **often
        ) as handler:
            landed(handler.post("0", 0, [Event()] * 10, clock(0)))
            until = time.monotonic() + PATIENCE
            while not dropped(ingestion):
                if time.monotonic() > until:
                    raise HandlerError("spans are refused, and the handler does not say so")
                time.sleep(0.02)

    def lake(self, name: str) -> str:
        return f"file://{self.fresh(name)}"

    def fresh(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=name, dir=self.folder))


class Busy:
    """An account that answers every call that it is asked for too much."""

    def __enter__(self) -> "Busy":
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Busy)
        self.url = f"http://127.0.0.1:{self.server.server_port}/devstoreaccount1/lake"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Busy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503)
        self.send_header("x-ms-error-code", "ServerBusy")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = do_HEAD = do_DELETE = answer

    def log_message(self, *_) -> None:
        pass


def landed(status: int) -> None:
    if status != 200:
        raise HandlerError(f"a batch is answered {status}")


def dropped(ingestion: Ingestion) -> bool:
    """Whether the handler has said that it could not hand something over."""
    return any(
        row["Name"] == "bronzegate.telemetry.dropped" and row["Sum"] > 0
        for row in rows(list(ingestion.envelopes))["AppMetrics"]
    )


def clock(minutes: int) -> str:
    """The time some minutes ago, as the host writes it."""
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)
    return then.strftime("%Y-%m-%dT%H:%M:%S")


def merge(*several: Rows) -> Rows:
    names = {name for each in several for name in each}
    return {name: [row for each in several for row in each.get(name, [])] for name in names}
