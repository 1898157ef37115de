"""The parameters of both twins, and the table of them in docs/deploy.md."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from bicep import syntax
from provider.workspace import snake

BEGIN, END = "<!-- parameters: written by `tests/infra/check --write` -->", "<!-- /parameters -->"
QUOTE = '"'
AZD_FILE = "infra/bicep/main.parameters.json"
AZD = {"environment": "AZURE_ENV_NAME", "location": "AZURE_LOCATION"}
TYPES = {"string": "string", "int": "number", "bool": "bool", "object": "map(string)"}
# what Terraform alone has: azd publishes by itself
TERRAFORM_ALONE = {"package"}


@dataclass
class Parameter:
    description: str
    type: str
    default: str | None
    bounds: str


def check(root: Path, tools) -> list[str]:
    """Both twins have the same parameters, defaults, bounds, words and outputs, and docs/deploy.md and azd know them."""
    one, two = bicep(root), terraform(root)
    found = []
    for name in sorted(one.keys() | (two.keys() - TERRAFORM_ALONE)):
        if name not in one or name not in two:
            found.append(f"parameter {name}: {'Terraform' if name in one else 'Bicep'} has it not")
            continue
        for field in ("description", "type", "default", "bounds"):
            values = getattr(one[name], field), getattr(two[name], field)
            if values[0] != values[1]:
                found.append(
                    f"parameter {name}: {field} is {values[0]!r} in Bicep, and {values[1]!r} in Terraform"
                )
    words = outputs(root)
    for name in sorted(words[0].keys() | words[1].keys()):
        if words[0].get(name) != words[1].get(name):
            found.append(
                f"output {name}: {words[0].get(name)!r} in Bicep, and {words[1].get(name)!r} in Terraform"
            )
    document = root / "docs/deploy.md"
    if table(two) not in document.read_text():
        found.append(
            "docs/deploy.md: the table of parameters is not what they are: run `tests/infra/check --write`"
        )
    if azd_parameters(one, spellings(root)) != (root / AZD_FILE).read_text():
        found.append(
            f"{AZD_FILE}: it is not what the parameters are: run `tests/infra/check --write`"
        )
    return found


def azd_parameters(parameters: dict[str, Parameter], spelt: dict[str, str]) -> str:
    """main.parameters.json: azd sets each parameter that is no object by a variable of its environment."""
    given = {}
    for name, parameter in parameters.items():
        if parameter.type == "map(string)":
            continue
        variable = AZD.get(name, "BRONZEGATE_" + name.upper())
        default = "" if parameter.default is None else "=" + parameter.default.strip('"')
        given[spelt[name]] = {"value": f"${{{variable}{default}}}"}
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
    return (
        json.dumps({"$schema": schema, "contentVersion": "1.0.0.0", "parameters": given}, indent=2)
        + "\n"
    )


def spellings(root: Path) -> dict[str, str]:
    """How Bicep spells each parameter."""
    file = syntax.read(root / "infra/bicep/main.bicep")
    return {snake(declaration.name): declaration.name for declaration in file.of_kind("parameter")}


def bicep(root: Path) -> dict[str, Parameter]:
    file = syntax.read(root / "infra/bicep/main.bicep")
    found = {}
    for declaration in file.of_kind("parameter"):
        arguments = {name: syntax.parts(node)[1] for name, node in declaration.decorators.items()}
        if "description" not in arguments:
            raise syntax.BicepError(
                file.path, declaration.node, f"parameter `{declaration.name}` has no description"
            )
        words = syntax.plain(file.path, arguments.pop("description"))
        for name in (other.name for other in file.of_kind("parameter")):
            words = re.sub(rf"\b{name}\b", snake(name), words)
        default = (
            None if declaration.value is None else syntax.text(declaration.value).replace("'", '"')
        )
        bounds = {name: syntax.text(node).replace("'", '"') for name, node in arguments.items()}
        found[snake(declaration.name)] = Parameter(
            words, TYPES[declaration.type], default, limits(bounds)
        )
    return found


def limits(bounds: dict[str, str]) -> str:
    """Bounds in the words of the table."""
    if "allowed" in bounds:
        return ", ".join(str(value) for value in json.loads(bounds["allowed"]))
    low, high = bounds.get("minValue"), bounds.get("maxValue")
    if low or high:
        return f"{low} to {high}"
    low, high = bounds.get("minLength"), bounds.get("maxLength")
    if low and high:
        return f"{low} to {high} characters"
    return f"{low} characters or more" if low else f"up to {high} characters" if high else ""


VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.DOTALL | re.MULTILINE)


def terraform(root: Path) -> dict[str, Parameter]:
    found = {}
    for name, body in VARIABLE.findall((root / "infra/terraform/variables.tf").read_text()):
        fields = dict(re.findall(r"^  (\w+) += (.*)$", body, re.MULTILINE))
        found[name] = Parameter(
            json.loads(fields["description"]),
            fields["type"],
            fields.get("default"),
            _conditions(name, body),
        )
    return found


def _conditions(name: str, body: str) -> str:
    """The bounds of a variable, by the forms in which its conditions are written."""
    bounds = {}
    for condition in re.findall(r"^    condition += (.*)$", body, re.MULTILINE):
        if allowed := re.fullmatch(rf"contains\((\[.*\]), var\.{name}\)", condition):
            bounds["allowed"] = allowed[1]
        for form, low, high in (
            (rf"var\.{name}", "minValue", "maxValue"),
            (rf"length\(var\.{name}\)", "minLength", "maxLength"),
        ):
            if both := re.fullmatch(rf"{form} >= (\d+) && {form} <= (\d+)", condition):
                bounds[low], bounds[high] = both[1], both[2]
            elif least := re.fullmatch(rf"{form} >= (\d+)", condition):
                bounds[low] = least[1]
            elif most := re.fullmatch(rf"{form} <= (\d+)", condition):
                bounds[high] = most[1]
    return limits(bounds)


def outputs(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    file = syntax.read(root / "infra/bicep/main.bicep")
    one = {
        declaration.name: syntax.plain(
            file.path, syntax.parts(declaration.decorators["description"])[1]
        )
        for declaration in file.of_kind("output")
    }
    text = (root / "infra/terraform/outputs.tf").read_text()
    two = re.findall(r'^output "(\w+)" \{\n  description = (".*")$', text, re.MULTILINE)
    return one, {name: json.loads(words) for name, words in two}


def table(parameters: dict[str, Parameter]) -> str:
    """The parameters as docs/deploy.md lists them."""
    lines = [BEGIN, "| parameter | default | bounds | what it says |", "|---|---|---|---|"]
    for name, parameter in parameters.items():
        default = {None: "must be given", '""': "empty", "{}": "empty"}.get(
            parameter.default, f"`{str(parameter.default).strip(QUOTE)}`"
        )
        lines.append(f"| `{name}` | {default} | {parameter.bounds} | {parameter.description} |")
    return "\n".join([*lines, END])


def write(root: Path) -> None:
    """Writes the table into docs/deploy.md, and azd's parameters."""
    document = root / "docs/deploy.md"
    text = document.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(before + table(terraform(root)) + after)
    (root / AZD_FILE).write_text(azd_parameters(bicep(root), spellings(root)))
