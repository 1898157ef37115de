"""The azurerm provider's schema, as Terraform's protocol wants it, from the package of its bindings.

`@cdktf/provider-azurerm` is generated from the provider's schema. The source that its source maps
carry says of every argument whether it is computed, optional or required, what it is read as, and
whether it is a block; from that the schema is made again. Lost are what is sensitive or deprecated,
and what the provider's own code refuses (an enum's values, a name's pattern).
"""

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

MEMBER = re.compile(
    r"// (?P<name>\w+) - computed: (?P<computed>\w+), optional: (?P<optional>\w+), required: (?P<required>\w+)\n"
    r"(?P<code>(?:(?!\n  // ).)*?(?:return (?P<read>[^\n]*);|= new (?:cdktf\.)?(?P<nested>\w+)\(this, \"\w+\"(?:, (?P<set>true|false))?\);))",
    re.DOTALL,
)
CLASS = re.compile(r"^export class (\w+) extends cdktf\.(\w+) \{(.*?)^\}", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^  \* (\w+) block$.*?^  readonly (\w+)\??:", re.DOTALL | re.MULTILINE)
INTERFACE = re.compile(
    r"^export interface (\w+) (?:extends [\w.]+ )?\{(.*?)^\}", re.DOTALL | re.MULTILINE
)
MAPS = {"StringMap": "string", "NumberMap": "number", "BooleanMap": "bool"}
OPTION = re.compile(
    r"#(?P<name>\w+) AzurermProvider#\w+\}\n  \*/\n  readonly \w+(?P<optional>\??): (?P<type>[^;]*);"
)
OPTION_TYPES = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "string[]": ["list", "string"],
}
READERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getAnyMapAttribute": ["map", "string"],
}


@dataclass
class Attribute:
    type: object
    computed: bool
    optional: bool
    required: bool


@dataclass
class Nested:
    block: "Block"
    set: bool
    least: int
    most: int


@dataclass
class Block:
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: dict[str, Nested] = field(default_factory=dict)

    def type(self) -> list:
        """The type of a value of this shape."""
        shape = {name: attribute.type for name, attribute in self.attributes.items()}
        for name, nested in self.blocks.items():
            shape[name] = ["set" if nested.set else "list", nested.block.type()]
        return ["object", shape]


class SchemaError(Exception):
    """The bindings don't look as they did, or lack what was asked for."""


def source(module: Path) -> str:
    """The TypeScript of one resource or data source."""
    index = module / "index.js"
    if not index.is_file():
        raise SchemaError(f"the provider has no `{module.name}`")
    content = index.read_text()
    encoded = content.rsplit("sourceMappingURL=data:application/json;base64,", 1)
    if len(encoded) != 2:
        raise SchemaError(f"{index}: no source map")
    text = json.loads(base64.b64decode(encoded[1]))["sourcesContent"][0]
    for file in sorted(module.glob("*-structs/*.js")) + sorted(module.glob("*structs*.js")):
        more = file.read_text().rsplit("sourceMappingURL=data:application/json;base64,", 1)
        if len(more) == 2:
            text += json.loads(base64.b64decode(more[1]))["sourcesContent"][0]
    return text


def read(module: Path) -> Block:
    """The schema of one resource, data source or provider."""
    text = source(module)
    classes = {name: body for name, _, body in CLASS.findall(text)}
    roots = [
        name
        for name, base, _ in CLASS.findall(text)
        if base in ("TerraformResource", "TerraformDataSource", "TerraformProvider")
    ]
    if len(roots) != 1:
        raise SchemaError(f"{module}: {len(roots)} resources in one module")
    # a member with the comment "x block" is a block of the provider, others of that shape attributes
    blocks = {
        (name, block) for name, body in INTERFACE.findall(text) for block, _ in BLOCK.findall(body)
    }
    return _block(roots[0], classes, blocks, roots[0] + "Config")


def read_provider(module: Path) -> Block:
    """The schema of the provider's own block, whose options the bindings have as interfaces alone."""
    interfaces = dict(INTERFACE.findall(source(module)))

    def options(interface: str) -> Block:
        block = Block()
        for option in OPTION.finditer(interfaces[interface]):
            kind = option["type"].removesuffix(" | cdktf.IResolvable")
            optional = option["optional"] == "?"
            if kind in OPTION_TYPES:
                block.attributes[option["name"]] = Attribute(
                    OPTION_TYPES[kind], False, optional, not optional
                )
            elif kind.endswith("[]"):
                block.blocks[option["name"]] = Nested(
                    options(kind[:-2]), False, int(not optional), 1
                )
            else:
                raise SchemaError(
                    f"the provider's `{option['name']}` is a `{kind}`, which is not known here"
                )
        return block

    return options("AzurermProviderConfig")


def _block(
    name: str, classes: dict[str, str], blocks: set[tuple[str, str]], interface: str
) -> Block:
    block = Block()
    for member in MEMBER.finditer(classes[name]):
        argument = member["name"]
        computed, optional, required = (
            member[flag] == "true" for flag in ("computed", "optional", "required")
        )
        if member["nested"] in MAPS:
            kind = ["map", MAPS[member["nested"]]]
            block.attributes[argument] = Attribute(kind, computed, optional, required)
            continue
        if member["nested"] is None:
            block.attributes[argument] = Attribute(
                _type(argument, member["read"]), computed, optional, required
            )
            continue
        shape = member["nested"].removesuffix("List").removesuffix("OutputReference")
        nested = _block(shape + "OutputReference", classes, blocks, shape)
        many = member["nested"].endswith("List")
        if (interface, argument) in blocks:
            block.blocks[argument] = Nested(
                nested, member["set"] == "true", int(required), 0 if many else 1
            )
        else:
            kind = "set" if member["set"] == "true" else "list"
            block.attributes[argument] = Attribute(
                [kind, nested.type()], computed, optional, required
            )
    return block


def _type(argument: str, code: str) -> object:
    reader = re.search(r"this\.(\w+)\('", code)
    if reader is None or reader[1] not in READERS:
        raise SchemaError(f"`{argument}` is read by `{code}`, which is not known here")
    found = READERS[reader[1]]
    return ["set", found[1]] if "Fn.tolist(" in code and found[0] == "list" else found
