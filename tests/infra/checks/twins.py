"""Bicep against Terraform."""

from pathlib import Path

from bicep.evaluate import Refused, deploy
from bicep.syntax import BicepError
from provider.workspace import Workspace
from twin import arguments, bicep, compare, plan
from twin.scenarios import ALWAYS, REFUSED, SAME

# the translations are known as soon as they are imported
assert arguments.__all__

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
            planned = workspace.plan({**ALWAYS, **parameters})
            unlike = compare.differences(bicep.bodies(deployed), plan.bodies(planned), NAMES)
            unlike += compare.differences(
                outputs(deployed.outputs), outputs(values(planned)), NAMES
            )
        except (BicepError, Refused, plan.PlanError) as error:
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


def values(planned: dict) -> dict:
    return {
        name: output["value"]
        for name, output in planned["planned_values"].get("outputs", {}).items()
    }


def outputs(of: dict) -> dict:
    return {f"output {name}": ("output", {"value": value}) for name, value in of.items()}
