"""What a Bicep template deploys, for given parameters: its resources with every expression worked out.

Ids are those that Azure gives; a value that only a deployment knows has a name, `<clientId of ID>`.
What is not declared, not used, missing or of another type is an error, as it is to the compiler.
"""

import json
from pathlib import Path

from provider.identity import SUBSCRIPTION

from .functions import FUNCTIONS, Refused
from .resource import Deployed, Object, Resource, Unset
from .syntax import ESCAPES, BicepError, Declaration, File, Node, names, parts, plain, read, text

TYPES = {"string": str, "int": int, "bool": bool, "object": dict, "array": list}
OPERATORS = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left // right,
    "%": lambda left, right: left % right,
}


def deploy(path: Path, parameters: dict, group: str | None = None) -> Deployed:
    """Works a template out."""
    return Template(read(path), parameters, group).run()


class Template:
    def __init__(self, file: File, parameters: dict, group: str | None):
        self.file, self.group = file, group
        self.known: dict[str, object] = {}
        self.busy: set[str] = set()
        self.found = Deployed()
        names(file)
        for name in parameters:
            declaration = file.declarations.get(name)
            if declaration is None or declaration.kind != "parameter":
                raise KeyError(name)
        for declaration in file.of_kind("parameter"):
            self.parameter(declaration, parameters)

    def error(self, node: Node, message: str) -> BicepError:
        return BicepError(self.file.path, node, message)

    def run(self) -> Deployed:
        for declaration in self.file.of_kind("resource", "module"):
            self.symbol(declaration.name, declaration.node)
        for declaration in self.file.of_kind("output"):
            value = self.value(declaration.value)
            self.typed(declaration, value)
            self.found.outputs[declaration.name] = value
        return self.found

    def parameter(self, declaration: Declaration, given: dict) -> None:
        if declaration.name in given:
            value = given[declaration.name]
        elif declaration.value is not None:
            value = self.value(declaration.value)
        else:
            raise self.error(declaration.node, f"parameter `{declaration.name}` has no value")
        self.typed(declaration, value)
        bounds = {
            name: self.value(parts(node)[1])
            for name, node in declaration.decorators.items()
            if name != "description"
        }
        size = len(value) if isinstance(value, str) else value
        if "allowed" in bounds and value not in bounds["allowed"]:
            raise Refused(f"{declaration.name} is one of {bounds['allowed']}")
        for low in ("minValue", "minLength"):
            if low in bounds and size < bounds[low]:
                raise Refused(f"{declaration.name} is at least {bounds[low]}")
        for high in ("maxValue", "maxLength"):
            if high in bounds and size > bounds[high]:
                raise Refused(f"{declaration.name} is at most {bounds[high]}")
        self.known[declaration.name] = value

    def typed(self, declaration: Declaration, value: object) -> None:
        wanted = TYPES.get(declaration.type)
        if wanted is None:
            raise self.error(
                declaration.node, f"type `{declaration.type}` is not understood by this check"
            )
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise self.error(
                declaration.node, f"`{declaration.name}` is a {declaration.type}, not {value!r}"
            )

    def symbol(self, name: str, node: Node) -> object:
        if name in self.known:
            return self.known[name]
        declaration = self.file.declarations.get(name)
        if declaration is None:
            raise self.error(node, f"`{name}` is not declared")
        if name in self.busy:
            raise self.error(node, f"`{name}` depends on itself")
        self.busy.add(name)
        if declaration.kind == "variable":
            value = self.value(declaration.value)
        else:
            value = self.deployment(declaration, declaration.value, {})
        self.known[name] = value
        return value

    def deployment(self, declaration: Declaration, node: Node, local: dict) -> object:
        """The resource or module behind a declaration; a list of a loop, nothing where it is not deployed."""
        if node.type == "for_statement":
            return [
                self.deployment(declaration, body, within)
                for body, within in self.each(node, local)
            ]
        if node.type == "if_statement":
            condition = self.value(parts(node)[1], local)
            if not isinstance(condition, bool):
                raise self.error(node, "the condition is not a bool")
            return self.deployment(declaration, parts(node)[-1], local) if condition else None
        if declaration.kind == "module":
            return self.module(declaration, node, local)
        return self.resource(declaration, node, local)

    def module(self, declaration: Declaration, node: Node, local: dict) -> Deployed:
        fields = {
            text(parts(entry)[0]): parts(entry)[2]
            for entry in parts(node)
            if entry.type == "object_property"
        }
        unknown = set(fields) - {"name", "scope", "params", "dependsOn"}
        if unknown:
            raise self.error(node, f"a module has no `{sorted(unknown)[0]}`")
        path = self.file.path.parent / declaration.of
        if not path.is_file():
            raise self.error(declaration.node, f"there is no {declaration.of}")
        group = self.value(fields["scope"], local).id if "scope" in fields else self.group
        if "dependsOn" in fields:
            self.value(fields["dependsOn"], local)
        parameters = self.value(fields["params"], local) if "params" in fields else {}
        template = read(path)
        for name in parameters:
            if name not in template.declarations or template.declarations[name].kind != "parameter":
                raise self.error(node, f"{declaration.of} has no parameter `{name}`")
        for wanted in template.of_kind("parameter"):
            if wanted.value is None and wanted.name not in parameters:
                raise self.error(node, f"{declaration.of} needs parameter `{wanted.name}`")
        found = Template(template, parameters, group).run()
        self.found.resources += found.resources
        return found

    def resource(self, declaration: Declaration, node: Node, local: dict) -> Resource:
        kind, at, version = declaration.of.partition("@")
        if not at:
            raise self.error(declaration.node, "the type has no version")
        body = self.value(node, local)
        name = body.get("name")
        if not isinstance(name, str):
            raise self.error(node, "a resource needs a name")
        parent, scope = body.pop("parent", None), body.pop("scope", None)
        body.pop("dependsOn", None)
        if isinstance(parent, Resource):
            if kind.rpartition("/")[0] != parent.type:
                raise self.error(node, f"the parent of a {kind} is no {parent.type}")
            identity = f"{parent.id}/{kind.rpartition('/')[2]}/{name}"
        elif kind == "Microsoft.Resources/resourceGroups":
            identity = f"{SUBSCRIPTION}/resourceGroups/{name}"
        elif isinstance(scope, Resource):
            identity = f"{scope.id}/providers/{kind}/{name}"
        else:
            if kind.count("/") != 1:
                raise self.error(node, f"a {kind} needs its parent")
            if self.group is None:
                raise self.error(node, f"a {kind} needs a resource group")
            identity = f"{self.group}/providers/{kind}/{name}"
        found = Resource(kind, version, identity, name, body, self.file.path, declaration.line)
        if not declaration.existing:
            self.found.resources.append(found)
        return found

    def each(self, node: Node, local: dict):
        """The bodies of a loop, each with its names."""
        pieces = parts(node)
        variable, items, body = pieces[2], pieces[4], pieces[6]
        bound = (
            [text(name) for name in parts(variable)[1:-1:2]]
            if variable.type == "for_loop_parameters"
            else [text(variable)]
        )
        values = self.value(items, local)
        if not isinstance(values, list):
            raise self.error(items, "a loop goes over an array")
        for index, value in enumerate(values):
            yield body, {**local, **dict(zip(bound, (value, index)))}

    def value(self, node: Node, local: dict | None = None) -> object:
        """The value of an expression."""
        local = local or {}
        found = self.raw(node, local)
        return found.settled() if isinstance(found, Unset) else found

    def raw(self, node: Node, local: dict) -> object:
        method = getattr(self, "of_" + node.type, None)
        if method is None:
            raise self.error(node, f"a {node.type} is not understood by this check")
        return method(node, local)

    def of_identifier(self, node: Node, local: dict) -> object:
        return local[text(node)] if text(node) in local else self.symbol(text(node), node)

    def of_number(self, node: Node, local: dict) -> int:
        return int(text(node))

    def of_boolean(self, node: Node, local: dict) -> bool:
        return text(node) == "true"

    def of_null(self, node: Node, local: dict) -> None:
        return None

    def of_string(self, node: Node, local: dict) -> str:
        found = []
        for part in parts(node)[1:-1]:
            if part.type == "interpolation":
                value = self.value(parts(part)[1], local)
                if isinstance(value, (dict, list, Resource, Deployed)) or value is None:
                    raise self.error(part, "only texts and numbers go into a string")
                found.append(str(value).lower() if isinstance(value, bool) else str(value))
            else:
                found.append(ESCAPES.get(text(part), text(part)))
        return "".join(found)

    def of_parenthesized_expression(self, node: Node, local: dict) -> object:
        return self.raw(parts(node)[1], local)

    def of_array(self, node: Node, local: dict) -> list:
        items = parts(node)[1:-1]
        return [self.value(item, local) for item in items if item.type != ","]

    def of_object(self, node: Node, local: dict) -> Object:
        found = Object()
        for entry in parts(node):
            if entry.type != "object_property":
                continue
            key, _, value = parts(entry)[:3]
            name = self.of_string(key, local) if key.type == "string" else text(key)
            if name in found:
                raise self.error(entry, f"`{name}` stands twice")
            found.lines[name] = entry.start_point[0] + 1
            if name == "parent" and key.type != "string" or name == "scope":
                found[name] = self.raw(value, local)
                continue
            worked = self.value(value, local)
            # a null is a property that is not there
            if worked is not None:
                found[name] = worked
        return found

    def of_for_statement(self, node: Node, local: dict) -> list:
        return [self.value(body, within) for body, within in self.each(node, local)]

    def of_ternary_expression(self, node: Node, local: dict) -> object:
        condition, _, yes, _, no = parts(node)
        chosen = self.value(condition, local)
        if not isinstance(chosen, bool):
            raise self.error(condition, "the condition is not a bool")
        return self.raw(yes if chosen else no, local)

    def of_unary_expression(self, node: Node, local: dict) -> object:
        operator, operand = parts(node)
        value = self.value(operand, local)
        return not value if text(operator) == "!" else -value

    def of_binary_expression(self, node: Node, local: dict) -> object:
        left, operator, right = parts(node)
        if text(operator) in ("&&", "||"):
            first = self.value(left, local)
            if not isinstance(first, bool):
                raise self.error(left, "this is not a bool")
            return first if first == (text(operator) == "||") else self.value(right, local)
        if text(operator) not in OPERATORS:
            raise self.error(operator, f"`{text(operator)}` is not understood by this check")
        return OPERATORS[text(operator)](self.value(left, local), self.value(right, local))

    def of_member_expression(self, node: Node, local: dict) -> object:
        pieces = parts(node)
        return self.postfix(
            pieces[0], local, lambda owner: self.member(node, owner, text(pieces[-1]))
        )

    def of_subscript_expression(self, node: Node, local: dict) -> object:
        pieces = parts(node)
        return self.postfix(
            pieces[0], local, lambda owner: self.member(node, owner, self.value(pieces[2], local))
        )

    def postfix(self, owner: Node, local: dict, read_on) -> object:
        """Binds a postfix to the last operand, where the grammar gives it to the whole expression."""
        if owner.type == "ternary_expression":
            condition, _, yes, _, no = parts(owner)
            return (
                self.raw(yes, local)
                if self.value(condition, local)
                else self.postfix(no, local, read_on)
            )
        return read_on(self.raw(owner, local))

    def member(self, node: Node, owner: object, key: object) -> object:
        if owner is None:
            raise self.error(node, f"`{key}` is read of what is not deployed")
        if isinstance(owner, Deployed):
            return owner if key == "outputs" else self.output(node, owner, str(key))
        if isinstance(owner, (Resource, Unset)):
            return owner.get(str(key))
        try:
            return owner[key]
        except (KeyError, IndexError, TypeError):
            raise self.error(node, f"there is no `{key}`") from None

    def output(self, node: Node, module: Deployed, key: str) -> object:
        if key not in module.outputs:
            raise self.error(node, f"the module has no output `{key}`")
        return module.outputs[key]

    def of_call_expression(self, node: Node, local: dict) -> object:
        name = text(parts(node)[0])
        arguments = [
            self.value(part, local) for part in parts(parts(node)[1])[1:-1] if part.type != ","
        ]
        function = FUNCTIONS.get(name)
        if name in ("loadJsonContent", "loadTextContent"):
            path = self.file.path.parent / plain(self.file.path, parts(parts(node)[1])[1])
            if not path.is_file():
                raise self.error(node, f"there is no {path.name}")
            return json.loads(path.read_text()) if name == "loadJsonContent" else path.read_text()
        if name == "resourceId":
            return f"{self.group}/providers/{arguments[0]}/{arguments[1]}"
        if function is None:
            raise self.error(node, f"function `{name}` is not understood by this check")
        try:
            return function(*arguments)
        except (TypeError, AttributeError, ValueError) as cause:
            raise self.error(node, f"`{name}` does not take these arguments ({cause})") from cause
