"""Shapes of Azure's resources, and what a resource has wrong by its shape."""

import difflib
import re
from dataclasses import dataclass, field


@dataclass
class Property:
    # `string`, `int`, `bool`, `any`, the name of a shape, a literal, any of them with `[]`, or several
    types: list[str]
    required: bool = False
    read_only: bool = False
    least: int | None = None
    most: int | None = None
    pattern: str | None = None


@dataclass
class Shape:
    properties: dict[str, Property] = field(default_factory=dict)
    # the type of properties that have no name here
    others: str | None = None
    # shapes of which one counts, by the value of a property
    by: str | None = None
    choices: list["Shape"] = field(default_factory=list)


@dataclass
class Kind:
    """A resource type at one version."""

    version: str
    body: Shape
    shapes: dict[str, Shape]


BUILT_IN = {"string": str, "int": (int, float), "bool": bool, "object": dict}


def faults(kind: Kind, body: dict) -> list[tuple[int, str]]:
    """What is wrong with a body: the line of each fault, 0 where it has none, and what it is."""
    found: list[tuple[int, str]] = []
    _object(kind, kind.body, body, "", found)
    return found


def _object(kind: Kind, shape: Shape, value: dict, path: str, found: list) -> None:
    lines = getattr(value, "lines", {})
    if shape.choices:
        chosen = [
            choice
            for choice in shape.choices
            if value.get(shape.by) in choice.properties[shape.by].types
        ]
        if not chosen:
            named = sorted(
                name for choice in shape.choices for name in choice.properties[shape.by].types
            )
            found.append(
                (
                    lines.get(shape.by, 0),
                    f"`{path}{shape.by}` is {value.get(shape.by)!r}, not one of {', '.join(named)}",
                )
            )
            return
        shape = chosen[0]
    for name, item in value.items():
        known = shape.properties.get(name)
        line = lines.get(name, 0)
        if known is None and shape.others is not None:
            known = Property([shape.others])
        if known is None:
            near = difflib.get_close_matches(name, shape.properties, 1)
            found.append(
                (line, f"there is no `{path}{name}`" + (f": is it `{near[0]}`?" if near else ""))
            )
        elif known.read_only:
            found.append((line, f"`{path}{name}` is read-only"))
        else:
            _value(kind, known, item, path + name, line, found)
    for name, known in shape.properties.items():
        if known.required and not known.read_only and name not in value:
            found.append((min(lines.values(), default=0), f"`{path}{name}` is missing"))


def _value(kind: Kind, known: Property, value: object, path: str, line: int, found: list) -> None:
    literals = []
    for name in known.types:
        if name == "any" or (isinstance(value, str) and value == name and len(known.types) > 1):
            return
        if name in BUILT_IN:
            if len(known.types) > 1 and name == "string":
                # a string among literals says that more may come: none that is used here has
                continue
            if isinstance(value, BUILT_IN[name]) and isinstance(value, bool) == (name == "bool"):
                _bounds(known, value, path, line, found)
                return
        elif name.endswith("[]") and isinstance(value, list):
            for index, item in enumerate(value):
                _value(kind, Property([name[:-2]]), item, f"{path}[{index}]", line, found)
            return
        elif name in kind.shapes and isinstance(value, dict):
            _object(kind, kind.shapes[name], value, path + ".", found)
            return
        elif not name.endswith("[]"):
            literals.append(name)
            if value == name:
                return
    if literals and isinstance(value, str):
        found.append((line, f"`{path}` is {value!r}, not one of {', '.join(literals)}"))
    else:
        found.append((line, f"`{path}` is {value!r}, and not of type {' | '.join(known.types)}"))


def _bounds(known: Property, value: object, path: str, line: int, found: list) -> None:
    # what only Azure knows has no length yet
    if isinstance(value, bool) or (isinstance(value, str) and "<" in value):
        return
    size = len(value) if isinstance(value, (str, list, dict)) else value
    if known.least is not None and size < known.least:
        found.append((line, f"`{path}` is {value!r}: less than {known.least}"))
    if known.most is not None and size > known.most:
        found.append((line, f"`{path}` is {value!r}: more than {known.most}"))
    if known.pattern and isinstance(value, str) and not re.search(known.pattern, value):
        found.append((line, f"`{path}` is {value!r}, which does not match {known.pattern}"))
