"""What a Terraform plan deploys, as the bodies that Azure's API takes.

A function of `arguments` for each resource type says which argument is which property. Every argument
that a plan sets must be read by it, so that none goes uncompared; what azurerm sends without being told
stands in the functions, too.
"""

from collections.abc import Callable, Iterator

Bodies = Iterator[tuple[str, str, dict]]
TYPES: dict[str, Callable[["Values"], Bodies]] = {}
# not a resource of Azure: what publishes the package, which azd does by itself
LOCAL = {"terraform_data"}
# what is no argument, or says where a resource is, as its id does
DECIDED = {"id", "resource_group_name", "primary_blob_endpoint"}


class PlanError(Exception):
    """The plan has something that this translation does not know."""


class Values:
    """The arguments of a planned resource, or of a block of one, which remember what was read."""

    def __init__(self, address: str, values: dict):
        self.address, self.values, self.read, self.inner = address, values, set(), []

    def __getitem__(self, name: str):
        self.read.add(name)
        if name not in self.values:
            raise PlanError(f"{self.address} has no argument `{name}`")
        value = self.values[name]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            blocks = [Values(f"{self.address}.{name}", block) for block in value]
            self.inner += blocks
            return blocks
        return value

    def only(self, name: str) -> "Values":
        """The one block of a name."""
        blocks = self[name]
        if not blocks:
            raise PlanError(f"{self.address} has no block `{name}`")
        return blocks[0]

    @property
    def id(self) -> str:
        return self["id"]

    def check(self) -> None:
        for name, value in self.values.items():
            decided = isinstance(value, str) and value.startswith("<")
            if value not in (None, [], {}) and not decided and name not in self.read | DECIDED:
                raise PlanError(
                    f"{self.address}: `{name}` is set, and the twin check does not know it"
                )
        for block in self.inner:
            block.check()


def bodies(plan: dict) -> dict[str, tuple[str, dict]]:
    """The resources of a plan: id to type and body."""
    found: dict[str, tuple[str, dict]] = {}
    for resource in plan["planned_values"]["root_module"].get("resources", []):
        if resource["type"] in LOCAL or resource["mode"] == "data":
            continue
        if resource["type"] not in TYPES:
            raise PlanError(f"{resource['address']}: the twin check does not know this type")
        values = Values(resource["address"], resource["values"])
        for identity, kind, body in TYPES[resource["type"]](values):
            if identity in found:
                _merge(found[identity][1], body)
            else:
                found[identity] = (kind, body)
        values.check()
    return found


def _merge(into: dict, body: dict) -> None:
    for name, value in body.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        elif isinstance(value, list) and isinstance(into.get(name), list):
            into[name] += value
        else:
            into[name] = value


def present(values: dict) -> dict:
    """Without what is null."""
    return {name: value for name, value in values.items() if value is not None}


def of(kind: str):
    def register(function):
        TYPES[kind] = function
        return function

    return register


def common(values: Values) -> dict:
    return {"name": values["name"], "location": values["location"], "tags": values["tags"]}


def enabled(value: bool) -> str:
    return "Enabled" if value else "Disabled"
