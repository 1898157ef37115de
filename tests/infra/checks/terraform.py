"""Terraform's own checks: the form, the schema, the tests."""

import subprocess
from pathlib import Path

from provider.workspace import Workspace


def form(root: Path, tools) -> list[str]:
    """The Terraform files are as `terraform fmt` writes them."""
    command = [
        tools.terraform,
        "fmt",
        "-check",
        "-diff",
        "-no-color",
        "-recursive",
        str(root / "infra/terraform"),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    return [] if result.returncode == 0 else [result.stdout + result.stderr]


def validate(root: Path, tools) -> list[str]:
    """Every argument of the Terraform twin is one of azurerm's schema, of its type, and none is missing."""
    with Workspace(root / "infra/terraform", tools) as workspace:
        result = workspace.run("validate", "-no-color")
    return [] if result.returncode == 0 else [result.stdout + result.stderr]


def test(root: Path, tools) -> list[str]:
    """The tests of infra/terraform/tests pass."""
    with Workspace(root / "infra/terraform", tools) as workspace:
        result = workspace.run("test", "-no-color")
    counted = "Success!" in result.stdout and "Success! 0 passed" not in result.stdout
    return [] if result.returncode == 0 and counted else [result.stdout + result.stderr]
