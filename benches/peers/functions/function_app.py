"""The function, in the programming model of the Python Functions runtime (v2)."""

import os
import sys
from pathlib import Path
from typing import List

import azure.functions as func

sys.path.append(str(Path(__file__).parent.parent / "python"))

from job import Batch, Job  # noqa: E402

app = func.FunctionApp()
job = None


@app.function_name("IngestOrders")
@app.event_hub_message_trigger(
    arg_name="events",
    event_hub_name="orders",
    connection="EVENTS",
    cardinality=func.Cardinality.MANY,
    data_type=func.DataType.BINARY,
)
# the runtime takes typing's List alone
async def ingest(events: List[func.EventHubEvent]) -> None:
    global job
    if job is None:  # within the loop that will use its connections
        job = Job(os.environ["VALIDATOR"])
    # of a batch the coordinates stand in the metadata that all its events share
    metadata = events[0].metadata
    batch = Batch(
        metadata["PartitionContext"],
        [event.get_body() for event in events],
        metadata["SequenceNumberArray"],
        metadata["OffsetStringArray"],
        metadata["EnqueuedTimeUtcArray"],
        metadata["PartitionKeyArray"],
        metadata["PropertiesArray"],
    )
    await job.land(batch)
