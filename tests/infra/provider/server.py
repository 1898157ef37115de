"""A provider that knows the schema and no cloud: `python -m provider.server BINDINGS FOLDER STUBS`.

Serves azurerm and azapi for the configuration in FOLDER over Terraform's plugin protocol, prints what
TF_REATTACH_PROVIDERS has to be, and ends with its standard input. Terraform does all checking by the
schema itself; a plan gets the ids of `identity` for what Azure decides.
"""

import json
import os
import re
import sys
from concurrent import futures
from pathlib import Path

import grpc
import msgpack

from . import azapi, identity
from .schema import Block, SchemaError, read, read_provider

USED = re.compile(r'^(resource|data) "(\w+)"', re.MULTILINE)


def used(configuration: Path) -> set[tuple[str, str]]:
    return {
        found for file in configuration.rglob("*.tf") for found in USED.findall(file.read_text())
    }


def azurerm(bindings: Path, wanted: set[tuple[str, str]]):
    """Schemas of the provider, and of those resources and data sources that are asked for and exist."""
    schemas = {"resource": {}, "data": {}}
    for kind, name in wanted:
        module = name.removeprefix("azurerm_").replace("_", "-")
        try:
            schemas[kind][name] = read(
                bindings / ("data-azurerm-" + module if kind == "data" else module)
            )
        except SchemaError:
            # Terraform's own error names the place
            continue
    return read_provider(bindings / "provider"), schemas["resource"], schemas["data"]


class Service:
    def __init__(
        self, messages, provider: Block, resources: dict[str, Block], sources: dict[str, Block]
    ):
        self.messages, self.provider, self.resources, self.sources = (
            messages,
            provider,
            resources,
            sources,
        )

    def GetSchema(self, request, context):
        answer = self.messages.GetProviderSchema.Response(provider=self.schema(self.provider))
        for name, block in self.resources.items():
            answer.resource_schemas[name].CopyFrom(self.schema(block))
        for name, block in self.sources.items():
            answer.data_source_schemas[name].CopyFrom(self.schema(block))
        return answer

    def schema(self, block: Block):
        return self.messages.Schema(block=self.block(block))

    def block(self, block: Block):
        schema = self.messages.Schema
        attributes = [
            schema.Attribute(
                name=name,
                type=json.dumps(attribute.type).encode(),
                required=attribute.required,
                optional=attribute.optional,
                computed=attribute.computed,
            )
            for name, attribute in block.attributes.items()
        ]
        modes = schema.NestedBlock
        nested = [
            modes(
                type_name=name,
                block=self.block(inner.block),
                nesting=modes.SET if inner.set else modes.LIST,
                min_items=inner.least,
                max_items=inner.most,
            )
            for name, inner in block.blocks.items()
        ]
        return schema.Block(attributes=attributes, block_types=nested)

    def PrepareProviderConfig(self, request, context):
        return self.messages.PrepareProviderConfig.Response(prepared_config=request.config)

    def ValidateResourceTypeConfig(self, request, context):
        return self.messages.ValidateResourceTypeConfig.Response()

    def ValidateDataSourceConfig(self, request, context):
        return self.messages.ValidateDataSourceConfig.Response()

    def Configure(self, request, context):
        return self.messages.Configure.Response()

    def UpgradeResourceState(self, request, context):
        # a test's state of a moment ago is of this version
        state = self.messages.DynamicValue(json=request.raw_state.json)
        return self.messages.UpgradeResourceState.Response(upgraded_state=state)

    def PlanResourceChange(self, request, context):
        values = unpack(request.proposed_new_state.msgpack)
        if values is not None:
            known = dict(values)
            fill(
                self.resources[request.type_name],
                values,
                identity.resource_id(request.type_name, known),
                known,
            )
        state = self.messages.DynamicValue(msgpack=pack(values))
        return self.messages.PlanResourceChange.Response(
            planned_state=state, legacy_type_system=True
        )

    def ReadDataSource(self, request, context):
        values = unpack(request.config.msgpack)
        if request.type_name == "azurerm_subscription":
            values.update(
                id=identity.SUBSCRIPTION, subscription_id=identity.SUBSCRIPTION.rsplit("/", 1)[1]
            )
        return self.messages.ReadDataSource.Response(
            state=self.messages.DynamicValue(msgpack=pack(values))
        )

    def Stop(self, request, context):
        return self.messages.Stop.Response()


def fill(block: Block, values: dict, name: str, known: dict) -> None:
    """Says for each text that Azure decides what it will be."""
    for attribute, schema in block.attributes.items():
        if schema.computed and values.get(attribute) is None and schema.type == "string":
            values[attribute] = (
                name if attribute == "id" else identity.given(name, attribute, known)
            )
    for inner, nested in block.blocks.items():
        for value in values.get(inner) or []:
            if isinstance(value, dict):
                fill(nested.block, value, name, known)


def unpack(data: bytes):
    return msgpack.unpackb(
        data,
        raw=False,
        ext_hook=lambda code, body: msgpack.ExtType(code, body),
        strict_map_key=False,
    )


def pack(value) -> bytes:
    return msgpack.packb(value, use_bin_type=True)


def main() -> int:
    bindings, configuration = Path(sys.argv[1]), Path(sys.argv[2])
    # the protocol's messages and service, compiled by `install`
    sys.path.insert(0, sys.argv[3])
    import protocol_pb2 as messages
    import protocol_pb2_grpc as services

    providers = {
        "hashicorp/azurerm": azurerm(bindings, used(configuration)),
        "azure/azapi": (azapi.PROVIDER, azapi.RESOURCES, {}),
    }
    servers, reattach = [], {}
    for name, schemas in providers.items():
        server = grpc.server(
            futures.ThreadPoolExecutor(4),
            options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)],
        )
        services.add_ProviderServicer_to_server(Service(messages, *schemas), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        entry = {
            "Protocol": "grpc",
            "ProtocolVersion": 5,
            "Pid": os.getpid(),
            "Test": True,
            "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
        }
        reattach[name] = entry
    print(json.dumps(reattach), flush=True)
    sys.stdin.read()
    for server in servers:
        server.stop(0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
