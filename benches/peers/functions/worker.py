"""A Python worker process: the host's messages, handed to Microsoft's own library of dispatch.

In Azure this process is the "proxy worker", which is not published as a package; the library that it
loads, azure-functions-runtime, is, and does all the work here, too: indexing, conversion of what the
host sends, the call. As in Microsoft's worker a thread reads the stream, and a loop dispatches.
"""

import argparse
import asyncio
import logging
import queue
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import grpc

arguments = argparse.ArgumentParser()
arguments.add_argument("--host", required=True)
arguments.add_argument("--port", required=True)
arguments.add_argument("--workerId", required=True)
arguments.add_argument("--generated", required=True, help="where protoc wrote the messages")
arguments = arguments.parse_args()
sys.path[:0] = [arguments.generated, str(Path(__file__).parent)]

import azure_functions_runtime as runtime  # noqa: E402
import FunctionRpc_pb2 as protos  # noqa: E402
import FunctionRpc_pb2_grpc  # noqa: E402

UNBOUNDED = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


class Worker:
    def __init__(self, loop):
        self.loop, self.outgoing = loop, queue.Queue()

    def log(self, record):
        level = {"WARNING": "Warning", "ERROR": "Error", "CRITICAL": "Critical"}
        name = level.get(record.levelname, "Information")
        log = protos.RpcLog(
            category=record.name,
            level=protos.RpcLog.Level.Value(name),
            message=record.getMessage(),
        )
        self.outgoing.put(protos.StreamingMessage(rpc_log=log))

    def read(self):
        """The thread of the stream."""
        start = protos.StartStream(worker_id=arguments.workerId)
        self.outgoing.put(protos.StreamingMessage(start_stream=start))
        target = f"{arguments.host}:{arguments.port}"
        with grpc.insecure_channel(target, UNBOUNDED) as channel:
            stub = FunctionRpc_pb2_grpc.FunctionRpcStub(channel)
            try:
                for message in stub.EventStream(iter(self.outgoing.get, None)):
                    asyncio.run_coroutine_threadsafe(self.dispatch(message), self.loop)
            except grpc.RpcError:
                pass  # the host is gone
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def dispatch(self, message):
        kind = message.WhichOneof("content")
        request = SimpleNamespace(
            request=message, properties={"host": arguments.host, "protos": protos}
        )
        handle, answer = {
            "worker_init_request": (runtime.worker_init_request, "worker_init_response"),
            "functions_metadata_request": (
                runtime.functions_metadata_request,
                "function_metadata_response",
            ),
            "function_load_request": (runtime.function_load_request, "function_load_response"),
            "invocation_request": (runtime.invocation_request, "invocation_response"),
        }[kind]
        response = await handle(request)
        self.outgoing.put(
            protos.StreamingMessage(request_id=message.request_id, **{answer: response})
        )


def main():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(loop)
    handler = logging.Handler()
    handler.emit = worker.log
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # the function's own logging of the SDK, which a host.json would set to Warning as well
    logging.getLogger("azure").setLevel(logging.WARNING)
    runtime.start_threadpool_executor()
    threading.Thread(target=worker.read, daemon=True).start()
    loop.run_forever()


main()
