"""Bicep files, as the tree-sitter grammar reads them."""

from dataclasses import dataclass, field
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))
ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\'": "'", "\\\\": "\\", "\\$": "$"}


class BicepError(Exception):
    """What is wrong in a file, and where."""

    def __init__(self, file: Path, node: Node | int, message: str):
        line = node if isinstance(node, int) else node.start_point[0] + 1
        super().__init__(f"{file.name}:{line}: {message}")


@dataclass
class Declaration:
    """A parameter, variable, resource, module or output."""

    kind: str
    name: str
    node: Node
    # the expression behind `=`
    value: Node | None = None
    type: str = ""
    # of a resource its type and version, of a module its path
    of: str = ""
    existing: bool = False
    decorators: dict[str, Node] = field(default_factory=dict)

    @property
    def line(self) -> int:
        return self.node.start_point[0] + 1


@dataclass
class File:
    path: Path
    declarations: dict[str, Declaration]
    scope: str

    def of_kind(self, *kinds: str) -> list[Declaration]:
        return [
            declaration for declaration in self.declarations.values() if declaration.kind in kinds
        ]


def text(node: Node) -> str:
    return node.text.decode()


def parts(node: Node) -> list[Node]:
    """A node's children, without comments."""
    return [child for child in node.children if "comment" not in child.type]


def plain(file: Path, node: Node) -> str:
    """A string without interpolation."""
    found = []
    for part in parts(node)[1:-1]:
        if part.type == "interpolation":
            raise BicepError(file, part, "no interpolation may stand here")
        found.append(ESCAPES.get(text(part), text(part)))
    return "".join(found)


def read(path: Path) -> File:
    """Reads one file."""
    tree = PARSER.parse(path.read_bytes())
    _faults(path, tree.root_node)
    _separators(path, tree.root_node)
    file = File(path, {}, "resourceGroup")
    decorators: dict[str, Node] = {}
    for node in parts(tree.root_node):
        if node.type == "decorators":
            for decorator in parts(node):
                call = parts(decorator)[1]
                decorators[text(parts(call)[0])] = parts(call)[1]
            continue
        if node.type == "target_scope_assignment":
            file.scope = plain(path, parts(node)[-1])
            continue
        declaration = _declaration(path, node, decorators)
        decorators = {}
        if declaration.kind != "output" and declaration.name in file.declarations:
            raise BicepError(path, node, f"`{declaration.name}` is declared twice")
        key = ("output " if declaration.kind == "output" else "") + declaration.name
        file.declarations[key] = declaration
    return file


def _faults(path: Path, node: Node) -> None:
    if node.is_missing:
        raise BicepError(path, node, f"`{node.type}` is missing")
    if node.type == "ERROR":
        raise BicepError(path, node, f"this is no Bicep: {text(node).strip()[:60]!r}")
    if node.has_error:
        for child in node.children:
            _faults(path, child)


def _separators(path: Path, node: Node) -> None:
    """What stands on one line has a comma between: the grammar does without.

    It also takes `[a[b]]` for an array of `a` and `[b]`: that is written `[(a[b])]`.
    """
    children = parts(node)
    if node.type in ("array", "object"):
        items = children[1:-1]
        for item, after in zip(items, items[1:]):
            if "," not in (item.type, after.type) and item.end_point[0] == after.start_point[0]:
                raise BicepError(path, after, "a comma is missing")
    for child in children:
        _separators(path, child)


def _declaration(path: Path, node: Node, decorators: dict[str, Node]) -> Declaration:
    kind = node.type.removesuffix("_declaration")
    if kind not in ("parameter", "variable", "resource", "module", "output"):
        raise BicepError(path, node, f"a {node.type} is not understood by this check")
    pieces = parts(node)
    declaration = Declaration(kind, text(pieces[1]), node, decorators=decorators)
    for index, piece in enumerate(pieces[2:], 2):
        if piece.type == "=":
            declaration.value = pieces[index + 1]
            break
        if piece.type == "existing":
            declaration.existing = True
        elif piece.type == "string":
            declaration.of = plain(path, piece)
        else:
            declaration.type = text(piece)
    return declaration


def names(file: File) -> None:
    """Looks for names that are not declared, and for parameters and variables that nothing uses."""
    used: set[str] = set()
    for declaration in file.declarations.values():
        if declaration.value is not None:
            _names(file, declaration.value, set(), used)
    for declaration in file.of_kind("parameter", "variable"):
        if declaration.name not in used:
            raise BicepError(
                file.path, declaration.node, f"{declaration.kind} `{declaration.name}` is not used"
            )


def _names(file: File, node: Node, local: set[str], used: set[str]) -> None:
    children = parts(node)
    if node.type == "identifier":
        name = text(node)
        if name not in local and name not in file.declarations:
            raise BicepError(file.path, node, f"`{name}` is not declared")
        used.add(name)
    elif node.type == "for_statement":
        variable = children[2]
        bound = {text(name) for name in parts(variable) if name.is_named} or {text(variable)}
        for child in children[3:]:
            _names(file, child, local | bound, used)
        return
    elif node.type == "call_expression":
        children = children[1:]
    elif node.type == "object_property" and children[0].type != "string":
        children = children[1:]
    for child in children:
        _names(file, child, local, used)
