"""docs/runbook.md against the alert rules."""

import json
import re
from pathlib import Path

# what an entry answers, each in a paragraph that begins so
QUESTIONS = ("**Means.**", "**Look.**", "**Do.**", "**Over.**")


def check(root: Path, tools) -> list[str]:
    """Every alert rule has an entry in docs/runbook.md that answers all that an operator asks, and no other has."""
    rules = json.loads((root / "infra/monitor/alerts.json").read_text())
    names = [rule["name"] for kind in rules.values() for rule in kind]
    text = (root / "docs/runbook.md").read_text()
    entries = dict(
        re.findall(r"^### `([\w-]+)`[^\n]*\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    )
    found = [f"runbook.md: {name} has no entry" for name in names if name not in entries]
    found += [f"runbook.md: there is no rule {name}" for name in entries if name not in names]
    for name, entry in entries.items():
        found += [
            f"runbook.md: {name}: no paragraph begins with {question}"
            for question in QUESTIONS
            if f"\n\n{question} " not in f"\n{entry}"
        ]
    found += [
        f"runbook.md: it does not say what to do about `{word}`"
        for word in failures((root / "docs/telemetry.md").read_text())
        if f"`{word}`" not in entries.get("partition-held", "")
    ]
    for file in sorted(set(re.findall(r"`infra/monitor/([\w-]+\.kql)`|\b([\w-]+\.kql)\b", text))):
        name = file[0] or file[1]
        if not (root / "infra/monitor" / name).is_file():
            found.append(f"runbook.md: there is no {name}")
    return found


def failures(text: str) -> list[str]:
    """The words for what an invocation fails by, as docs/telemetry.md lists them."""
    paragraph = re.search(
        r"^`error.type` of an invocation.*?(?=\n\n)", text, re.MULTILINE | re.DOTALL
    )
    if paragraph is None:
        return ["error.type"]
    return [word for word in re.findall(r"`([a-z-]+)`", paragraph[0]) if word != "land"]
