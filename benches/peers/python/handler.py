"""A custom handler in Python: Starlette on uvicorn with uvloop and httptools, a process a core."""

import base64
import os
from contextlib import asynccontextmanager

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from job import Batch, Job


@asynccontextmanager
async def lifespan(app):
    app.state.job = Job(os.environ["VALIDATOR"])
    async with app.state.job.container:
        yield


def batch_of(request):
    """The host's body: every value is JSON in a string."""
    metadata = request["Metadata"]
    column = lambda name: orjson.loads(metadata[name])  # noqa: E731
    return Batch(
        metadata["PartitionContext"],
        [base64.b64decode(body) for body in orjson.loads(request["Data"]["events"])],
        column("SequenceNumberArray"),
        column("OffsetStringArray"),
        column("EnqueuedTimeUtcArray"),
        column("PartitionKeyArray"),
        column("PropertiesArray"),
    )


async def ingest(request):
    batch = batch_of(orjson.loads(await request.body()))
    await request.app.state.job.land(batch)
    return JSONResponse({})


async def alive(_):
    return PlainTextResponse("")


app = Starlette(
    routes=[Route("/", alive), Route("/IngestOrders", ingest, methods=["POST"])],
    lifespan=lifespan,
)

if __name__ == "__main__":
    uvicorn.run(
        "handler:app",
        host="127.0.0.1",
        port=int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"]),
        workers=int(os.environ["PROCESSES"]),
        loop="uvloop",
        http="httptools",
        # a machine that builds meanwhile is no reason to kill a worker
        timeout_worker_healthcheck=60,
        access_log=False,
        log_level="warning",
    )
