"""Bicep against Terraform."""

from pathlib import Path

from bicep.evaluate import Refused, deploy
from bicep.syntax import BicepError
from provider.workspace import Workspace
from twin import bicep, compare, terraform
from twin.scenarios import ALWAYS, REFUSED, SAME

NAMES = ("Bicep", "Terraform")


def check(root: Path, tools) -> list[str]:
    """Bicep and Terraform deploy the same resources, settings, roles, alert rules and outputs, and refuse the same."""
    template = root / "infra/bicep/main.bicep"
    with Workspace(root / "infra/terraform", tools) as workspace:
        # one kind of difference at a time: the ones behind it are often the same
        return (
            refused("Bicep", lambda parameters: deploy(template, parameters))
            or alike(template, workspace)
            or refused("Terraform", workspace.plan)
        )


def alike(template: Path, workspace: Workspace) -> list[str]:
    """What the first scenario that tells the twins apart has of differences."""
    for name, parameters in SAME.items():
        try:
            deployed = deploy(template, {**ALWAYS, **parameters})
            plan = workspace.plan({**ALWAYS, **parameters})
            unlike = compare.differences(bicep.bodies(deployed), terraform.bodies(plan), NAMES)
            unlike += compare.differences(outputs(deployed.outputs), outputs(planned(plan)), NAMES)
        except (BicepError, Refused, terraform.PlanError) as error:
            unlike = [str(error)]
        if unlike:
            return [f"{name}: {difference}" for difference in unlike]
    return []


def refused(which: str, attempt) -> list[str]:
    """Which parameters that exclude one another a twin takes."""
    found = []
    for name, parameters in REFUSED.items():
        try:
            attempt({**ALWAYS, **parameters})
            found.append(f"{name}: {which} takes it")
        except Refused:
            pass
        except BicepError as error:
            found.append(f"{name}: {error}")
    return found


def planned(plan: dict) -> dict:
    return {name: output["value"] for name, output in plan["planned_values"].get("outputs", {}).items()}


def outputs(values: dict) -> dict:
    return {f"output {name}": ("output", {"value": value}) for name, value in values.items()}
