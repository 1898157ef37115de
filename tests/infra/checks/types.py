"""Bicep against Microsoft's type data, and the Terraform twin's bodies as well."""

from pathlib import Path

from bicep.evaluate import Refused, Resource, deploy
from bicep.microsoft import kinds
from bicep.shapes import faults
from bicep.syntax import BicepError
from twin.scenarios import ALWAYS, SAME


def check(root: Path, tools) -> list[str]:
    """Every resource of the Bicep twin is of a type that there is, with its properties, values and versions."""
    deployed: dict[str, Resource] = {}
    for name, parameters in SAME.items():
        try:
            for resource in deploy(
                root / "infra/bicep/main.bicep", {**ALWAYS, **parameters}
            ).resources:
                deployed[f"{resource.id} {resource.body}"] = resource
        except (BicepError, Refused) as error:
            return [f"{name}: {error}"]
    known = kinds(
        {resource.type for resource in deployed.values()}, tools.types, tools.models, tools.cache
    )
    faulty = set()
    for resource in deployed.values():
        where, kind = resource.file.name, known[resource.type]
        if kind is None:
            faulty.add(f"{where}:{resource.line}: there is no type {resource.type}")
            continue
        if kind.version != resource.version:
            faulty.add(
                f"{where}:{resource.line}: {resource.type} is held against {kind.version}, and says {resource.version}"
            )
        for line, fault in faults(kind, resource.body):
            faulty.add(f"{where}:{line or resource.line}: {resource.type}: {fault}")
    return sorted(faulty)
