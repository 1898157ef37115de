"""docs/cost.md against infra/monitor/cost.json."""

import subprocess
import sys
from pathlib import Path

BEGIN, END = "<!-- figures: written by `tests/infra/check --write` -->", "<!-- /figures -->"


def check(root: Path, tools) -> list[str]:
    """The figures of docs/cost.md are the measured ones, and infra/cost adds up a bill by hand."""
    found = []
    if table(root) not in (root / "docs/cost.md").read_text():
        found.append(
            "cost.md: the figures are not those of infra/monitor/cost.json: run `tests/infra/check --write`"
        )
    return found


def table(root: Path) -> str:
    command = [sys.executable, root / "infra/cost", "--table"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return f"{BEGIN}\n{said}{END}"


def write(root: Path) -> None:
    """Writes the figures into docs/cost.md."""
    document = root / "docs/cost.md"
    before, _, rest = document.read_text().partition(BEGIN)
    document.write_text(before + table(root) + rest.partition(END)[2])
