"""Microsoft's own type data: of the Bicep types that its MCP server carries, and of its Python SDK.

The server's data lacks a few types; for these the SDK's models say the same (names, types, what is
required, what is read-only, known values), made from the same specifications.
"""

import ast
import json
import os
import re
import subprocess
from pathlib import Path

from .shapes import Kind, Property, Shape

# type → package, module of its models, class, version of the API that they speak
SDK = {
    "Microsoft.Insights/metricAlerts": (
        "monitor",
        "v2018_03_01",
        "MetricAlertResource",
        "2018-03-01",
    ),
    # the models of 2022-06-15 are in no release; the next ones are
    "Microsoft.Insights/scheduledQueryRules": (
        "monitor",
        "v2022_08_01_preview",
        "ScheduledQueryRuleResource",
        "2022-06-15",
    ),
    "Microsoft.Insights/diagnosticSettings": (
        "monitor",
        "v2021_05_01_preview",
        "DiagnosticSettingsResource",
        "2021-05-01-preview",
    ),
    "Microsoft.Network/privateDnsZones": ("privatedns", "", "PrivateZone", "2024-06-01"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": (
        "privatedns",
        "",
        "VirtualNetworkLink",
        "2024-06-01",
    ),
}
SDK_TYPES = {
    "str": "string",
    "int": "int",
    "float": "int",
    "bool": "bool",
    "duration": "string",
    "iso-8601": "string",
    "object": "any",
}


def kinds(types: set[str], server: Path, packages: Path, cache: Path) -> dict[str, Kind]:
    """The kinds of some resource types; what the server says is kept in a file each."""
    found = {name: _sdk(packages, *SDK[name]) for name in types if name in SDK}
    asked = sorted(types - set(SDK))
    cache.mkdir(parents=True, exist_ok=True)
    files = {name: cache / (name.replace("/", "_") + ".json") for name in asked}
    missing = [name for name in asked if not files[name].is_file()]
    if missing:
        for name, answer in _ask(server, missing).items():
            files[name].write_text(json.dumps(answer))
    for name in asked:
        found[name] = _bicep(name, json.loads(files[name].read_text()))
    return found


def _ask(server: Path, types: list[str]) -> dict[str, list]:
    """Asks the MCP server, in one session."""
    process = subprocess.Popen(
        [server, "server", "start", "--namespace", "bicepschema", "--mode", "all"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "AZURE_MCP_COLLECT_TELEMETRY": "false"},
    )

    def send(message: dict) -> None:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        process.stdin.flush()

    def call(number: int, method: str, parameters: dict) -> dict:
        send({"id": number, "method": method, "params": parameters})
        for line in process.stdout:
            answer = json.loads(line)
            if answer.get("id") == number:
                return answer["result"]
        raise SystemExit("the type server ended")

    try:
        client = {"name": "bronzegate", "version": "1"}
        call(
            0,
            "initialize",
            {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": client},
        )
        send({"method": "notifications/initialized", "params": {}})
        answers = {}
        for number, name in enumerate(types, 1):
            arguments = {"name": "bicepschema_get", "arguments": {"resource-type": name}}
            said = json.loads(call(number, "tools/call", arguments)["content"][0]["text"])
            if said["status"] == 200:
                answers[name] = said["results"]["BicepSchemaResult"]
            else:
                answers[name] = []
        return answers
    finally:
        process.stdin.close()
        process.kill()
        process.wait()


def _bicep(name: str, answer: list) -> Kind | None:
    resource = next((item for item in answer if item["$type"] == "Resource"), None)
    if resource is None:
        return None
    shapes = {
        item["name"]: _shape(item)
        for item in answer
        if item["$type"] in ("Object", "DiscriminatedObject")
    }
    body = _shape(resource["bodyType"])
    for shape in [body, *body.choices]:
        # the template says these by `resource`, not in the body
        for known in ("apiVersion", "id", "type"):
            shape.properties.pop(known, None)
    return Kind(resource["name"].partition("@")[2], body, shapes)


def _shape(item: dict) -> Shape:
    if item["$type"] == "DiscriminatedObject":
        base = {entry["name"]: _property(entry) for entry in item["baseProperties"]}
        choices = [_shape(element) for element in item["elements"] if isinstance(element, dict)]
        for choice in choices:
            choice.properties = {**base, **choice.properties}
        return Shape(by=item["discriminator"], choices=choices)
    return Shape(
        {entry["name"]: _property(entry) for entry in item["properties"]},
        item.get("additionalPropertiesType"),
    )


def _property(entry: dict) -> Property:
    flags, modifiers = entry.get("flags", ""), entry.get("modifiers", "")
    low = re.search(r"min(?:Value|Length): (\d+)", modifiers)
    high = re.search(r"max(?:Value|Length): (\d+)", modifiers)
    return Property(
        entry["type"].split(" | "),
        "Required" in flags,
        "ReadOnly" in flags,
        int(low[1]) if low else None,
        int(high[1]) if high else None,
    )


def _sdk(packages: Path, package: str, module: str, name: str, version: str) -> Kind:
    """A kind of the SDK's models, which are read and not run."""
    file = packages / "azure" / "mgmt" / package / module / "models" / "_models_py3.py"
    classes = {
        node.name: node
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    shapes: dict[str, Shape] = {}

    def shape(of: str) -> Shape:
        if of in shapes:
            return shapes[of]
        made = shapes[of] = Shape()
        members = _members(classes, of)
        for member, entry in members["_attribute_map"].items():
            path = [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", entry["key"])]
            rules = members["_validation"].get(member, {})
            if path == [""]:
                made.others = "any"
                continue
            inner = made
            for part in path[:-1]:
                # "properties.x" is a property of a shape that has no class
                nested = f"{of}.{part}"
                inner.properties.setdefault(part, Property([nested])).required |= bool(
                    rules.get("required")
                )
                inner = shapes.setdefault(nested, Shape())
            inner.properties[path[-1]] = Property(
                members["values"].get(member)
                or [_kind(entry["type"], shape, shapes, of + path[-1])],
                bool(rules.get("required")),
                bool(rules.get("readonly")),
                rules.get("minimum"),
                rules.get("maximum"),
            )
        for by, choices in members["_subtype_map"].items():
            key = members["_attribute_map"][by]["key"].replace("\\.", ".")
            made.by = key
            for value, subtype in choices.items():
                choice = shape(subtype)
                choice.properties[key] = Property([value], required=True)
                choice.others = None
                made.choices.append(choice)
        return made

    body = shape(name)
    # the path names it, so the models call it read-only, or leave it out
    body.properties["name"] = Property(["string"], required=True)
    for known in ("id", "type"):
        body.properties.pop(known, None)
    return Kind(version, body, shapes)


def _kind(said: str, shape, shapes: dict[str, Shape], owner: str) -> str:
    if said.startswith("["):
        return _kind(said[1:-1], shape, shapes, owner) + "[]"
    if said.startswith("{"):
        shapes[owner] = Shape(others=_kind(said[1:-1], shape, shapes, owner + "*"))
        return owner
    if said in SDK_TYPES:
        return SDK_TYPES[said]
    shape(said)
    return said


def _members(classes: dict[str, ast.ClassDef], name: str) -> dict[str, dict]:
    """The tables of a class and those of its bases, and the known values that its text lists."""
    node = classes[name]
    found = {"_attribute_map": {}, "_validation": {}, "_subtype_map": {}, "values": {}}
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in classes:
            inherited = _members(classes, base.id)
            for table in ("_attribute_map", "_validation", "values"):
                found[table].update(inherited[table])
    for statement in node.body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id in found:
            found[statement.targets[0].id].update(ast.literal_eval(statement.value))
    for variable in re.split(r"^\s*:ivar ", ast.get_docstring(node) or "", flags=re.MULTILINE)[1:]:
        member, _, words = variable.partition(":")
        words = words.split(":vartype")[0]
        known = re.search(r"Known\s+values\s+are:(.*)", words, re.DOTALL)
        if known and found["_attribute_map"].get(member, {}).get("type") == "str":
            found["values"][member] = re.findall(r'"([^"]+)"', known[1])
    return found
