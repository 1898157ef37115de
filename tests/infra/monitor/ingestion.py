"""The ingestion endpoint of Application Insights, over TLS on loopback, and what Azure makes of what it takes."""

import gzip
import json
import re
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# the envelope's data type, and the table that Azure Monitor keeps it in
TABLES = {
    "MetricData": "AppMetrics",
    "RequestData": "AppRequests",
    "RemoteDependencyData": "AppDependencies",
}
SPAN = re.compile(r"(\d+)\.(\d+):(\d+):(\d+)\.(\d+)")
Rows = dict[str, list[dict]]


class Ingestion:
    """A running endpoint; `envelopes` are what arrived, decoded. It may refuse spans."""

    def __init__(self, folder: Path, *, takes_spans: bool = True):
        self.envelopes: list[dict] = []
        self.takes_spans = takes_spans
        self.certificate = folder / "ca.pem"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def connection_string(self) -> str:
        address = f"https://localhost:{self.server.server_port}/"
        return f"InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint={address};LiveEndpoint={address}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                text = body.decode()
                # an array, or an envelope a line
                found = (
                    json.loads(text)
                    if text.startswith("[")
                    else [json.loads(line) for line in text.splitlines()]
                )
                refuses = not endpoint.takes_spans and not all(map(is_metric, found))
                if not refuses:
                    endpoint.envelopes.extend(found)
                accepted = 0 if refuses else len(found)
                answer = json.dumps(
                    {"itemsReceived": len(found), "itemsAccepted": accepted, "errors": []}
                ).encode()
                self.send_response(400 if refuses else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler


def is_metric(envelope: dict) -> bool:
    return envelope["data"]["baseType"] == "MetricData"


def certificates(folder: Path) -> tuple[Path, Path]:
    """A certificate of localhost and its key, by an authority of its own, `ca.pem`."""
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n"
    (folder / "leaf.ext").write_text(names)
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tests -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout leaf.key -out leaf.csr",
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext -out leaf.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder / "leaf.pem", folder / "leaf.key"


def rows(envelopes: list[dict]) -> Rows:
    """Envelopes as Azure Monitor writes them into Log Analytics."""
    found: Rows = {table: [] for table in TABLES.values()}
    for envelope in envelopes:
        kind, data = envelope["data"]["baseType"], envelope["data"]["baseData"]
        if kind in TABLES:
            found[TABLES[kind]].append({**_common(envelope, data), **COLUMNS[kind](data)})
    return found


def _common(envelope: dict, data: dict) -> dict:
    tags = envelope.get("tags", {})
    return {
        "TimeGenerated": envelope["time"],
        "OperationId": tags.get("ai.operation.id"),
        "ParentId": tags.get("ai.operation.parentId"),
        "AppRoleName": tags.get("ai.cloud.role"),
        "AppRoleInstance": tags.get("ai.cloud.roleInstance"),
        "AppVersion": tags.get("ai.application.ver"),
        "SDKVersion": tags.get("ai.internal.sdkVersion"),
        "IKey": envelope.get("iKey"),
        "Properties": data.get("properties", {}),
        "ItemCount": 1,
    }


def _metric(data: dict) -> dict:
    # of several in one envelope Azure keeps the first
    point = data["metrics"][0]
    return {
        "Name": point["name"],
        "Sum": point["value"],
        "ItemCount": point.get("count", 1),
        "Min": point.get("min"),
        "Max": point.get("max"),
    }


def _call(data: dict) -> dict:
    days, hours, minutes, seconds, fraction = SPAN.fullmatch(data["duration"]).groups()
    whole = ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    return {
        "Name": data["name"],
        "Id": data.get("id"),
        "DurationMs": 1000 * (whole + float(f"0.{fraction}")),
        "Success": data.get("success"),
    }


COLUMNS = {
    "MetricData": _metric,
    "RequestData": lambda data: {
        **_call(data),
        "ResultCode": data["responseCode"],
        "Source": data.get("source"),
        "Url": data.get("url"),
    },
    "RemoteDependencyData": lambda data: {
        **_call(data),
        "ResultCode": data.get("resultCode"),
        "Data": data.get("data"),
        "DependencyType": data.get("type"),
        "Target": data.get("target"),
    },
}
