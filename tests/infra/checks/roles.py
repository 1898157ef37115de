"""Role assignments: each has its reason, and docs/deploy.md lists it."""

import re
from pathlib import Path

from bicep.evaluate import deploy
from twin.scenarios import ALWAYS

KIND = "Microsoft.Authorization/roleAssignments"
# Azure's names of the roles that the templates give, and of no others
NAMES = {
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
    "2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
}
EVERYTHING = {
    **ALWAYS,
    "functionPlan": "Premium",
    "maximumInstanceCount": 1,
    "hierarchicalNamespace": True,
    "databricksConnector": True,
    "api": True,
    "operatorPrincipalId": "11111111-1111-1111-1111-111111111111",
}


def check(root: Path, tools) -> list[str]:
    """Every role assignment has its reason beside it, is of a known role, and stands in docs/deploy.md."""
    found = []
    for file in sorted((root / "infra/bicep").rglob("*.bicep")):
        lines = file.read_text().splitlines()
        for number, line in enumerate(lines):
            declared = re.match(rf"resource (\w+) '{KIND}@", line)
            if declared and not lines[number - 1].startswith("// "):
                found.append(
                    f"{file.name}:{number + 1}: {declared[1]}: the line above does not say why"
                )
    given: dict[str, int] = {}
    for resource in deploy(root / "infra/bicep/main.bicep", EVERYTHING).resources:
        if resource.type == KIND:
            role = resource.body["properties"]["roleDefinitionId"].rsplit("/", 1)[1]
            if role not in NAMES:
                found.append(f"{resource.file.name}:{resource.line}: role {role} is not known here")
                continue
            given[NAMES[role]] = given.get(NAMES[role], 0) + 1
    page = (root / "docs/deploy.md").read_text()
    rows = [cell for cell in re.findall(r"^\|[^|]*\| ([^|]*) \|[^|]*\|$", page, re.MULTILINE)]
    for role in NAMES.values():
        listed = sum(role in cell.split(", ") for cell in rows)
        if listed != given.get(role, 0):
            found.append(
                f"docs/deploy.md lists {role} {listed} times, and it is given {given.get(role, 0)} times"
            )
    return found
