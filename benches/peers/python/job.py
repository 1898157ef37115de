"""The job of one batch, as a Python service would do it: judge, encode, compress, upload.

Both Python peers share it: the custom handler (handler.py) and the function of the Functions runtime
(../functions/function_app.py).
"""

import asyncio
import base64
import os
import zlib

import orjson
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import ContainerClient

SCHEMA = "order-transaction/1.0.0"
NDJSON = ContentSettings(content_type="application/x-ndjson")
# gzip's framing, at the level that every peer uses
LEVEL, GZIP = 3, 31


def with_fastjsonschema(schema):
    """Code generated from the schema; it raises at the first violation, and knows no others."""
    import fastjsonschema

    validate = fastjsonschema.compile(schema)

    def errors(value):
        try:
            validate(value)
        except fastjsonschema.JsonSchemaValueException as error:
            pointer = "".join(f"/{part}" for part in error.path[1:])
            return [{"pointer": pointer, "keyword": error.rule, "message": error.message}]
        return None

    return errors


def with_jsonschema_rs(schema):
    """The validator in Rust; all violations, of those events that have one."""
    import jsonschema_rs

    validator = jsonschema_rs.validator_for(schema)

    def errors(value):
        if validator.is_valid(value):
            return None
        return [
            {
                "pointer": "".join(f"/{part}" for part in error.instance_path),
                "keyword": str(error.schema_path[-1]),
                "message": error.message,
            }
            for error in validator.iter_errors(value)
        ]

    return errors


VALIDATORS = {"fastjsonschema": with_fastjsonschema, "jsonschema-rs": with_jsonschema_rs}


class Batch:
    """A partition's events: their payloads, and the columns of their coordinates."""

    __slots__ = (
        "stream",
        "partition",
        "bodies",
        "sequences",
        "offsets",
        "times",
        "keys",
        "properties",
    )

    def __init__(self, context, bodies, sequences, offsets, times, keys, properties):
        namespace = context["FullyQualifiedNamespace"].partition(".")[0]
        self.stream = f"{namespace}/{context['EventHubName']}"
        self.partition = context["PartitionId"]
        self.bodies = bodies
        self.sequences, self.offsets, self.times = sequences, offsets, times
        self.keys, self.properties = keys, properties

    def blob(self):
        """A name that says where the batch begins, so that a redelivery writes nothing twice."""
        time = self.times[0]
        folder = f"{self.stream}/date={time[:10]}/hour={time[11:13]}"
        return f"{folder}/{self.partition}-{self.sequences[0]:020}.json.gz"


class Job:
    """What lives as long as the process: the compiled validator, and the connections to the store."""

    def __init__(self, validator):
        with open(os.environ["SCHEMA_FILE"], "rb") as file:
            self.errors = VALIDATORS[validator](orjson.loads(file.read()))
        self.container = ContainerClient.from_connection_string(
            os.environ["LANDING_CONNECTION"],
            os.environ["LANDING_CONTAINER"],
            max_single_put_size=256 * 1024 * 1024,
        )

    def judge(self, body, properties):
        """Why an event is refused: a reason, and what is wrong; or none."""
        if not body:
            return "empty", []
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            try:
                body.decode()
            except UnicodeDecodeError:
                return "not-utf8", []
            return "not-json", [{"pointer": "", "keyword": "json", "message": str(error)}]
        if properties.get("schema", SCHEMA) != SCHEMA:
            return "unknown-schema", []
        errors = self.errors(value)
        return None if errors is None else ("schema", errors)

    def encode(self, batch):
        """The lines of the accepted and of the rejected."""
        accepted, rejected = [], []
        judge, dumps, line = self.judge, orjson.dumps, orjson.OPT_APPEND_NEWLINE
        columns = zip(
            batch.bodies,
            batch.sequences,
            batch.offsets,
            batch.times,
            batch.keys,
            batch.properties,
        )
        for body, sequence, offset, time, key, properties in columns:
            record = {
                "_stream": batch.stream,
                "_partition": batch.partition,
                "_sequence": sequence,
                "_offset": offset,
                "_enqueued_time": time + "Z",
                "_key": key,
                "_properties": properties,
            }
            refused = judge(body, properties)
            if refused is None:
                if b"\n" in body or b"\r" in body:
                    body = body.replace(b"\n", b" ").replace(b"\r", b" ")
                record["_schema"] = SCHEMA
                record["body"] = orjson.Fragment(body)
                accepted.append(dumps(record, option=line))
            else:
                record["_reason"], record["_errors"] = refused
                record["body_base64"] = base64.b64encode(body).decode()
                rejected.append(dumps(record, option=line))
        return accepted, rejected

    async def land(self, batch):
        """One blob of the accepted and one of the rejected, both at once."""
        if not batch.bodies:
            return
        name = batch.blob()
        accepted, rejected = self.encode(batch)
        uploads = []
        if accepted:
            uploads.append(self.create(f"bronze/{name}", accepted))
        if rejected:
            uploads.append(self.create(f"rejections/{name}", rejected))
        await asyncio.gather(*uploads)

    async def create(self, name, lines):
        # zlib lets go of the interpreter's lock
        body = await asyncio.to_thread(zlib.compress, b"".join(lines), LEVEL, GZIP)
        try:
            await self.container.upload_blob(
                name, body, overwrite=False, content_settings=NDJSON
            )
        except ResourceExistsError:
            pass  # another try of this batch wrote it
