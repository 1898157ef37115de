"""infra/monitor: the table of rules and their queries."""

import json
import re
from pathlib import Path

COMMON = {"name", "description", "severity", "window", "frequency"}
METRIC = COMMON | {"target", "criteria"}
CRITERION = {"metric", "aggregation", "operator", "threshold"}
QUERY = COMMON | {"query", "operator", "threshold"}
# the durations that both kinds of rules take
DURATIONS = {
    "PT1M": 1,
    "PT5M": 5,
    "PT15M": 15,
    "PT30M": 30,
    "PT1H": 60,
    "PT6H": 360,
    "PT12H": 720,
    "P1D": 1440,
}


# what `just smoke` asks by itself
BY_HAND = {"smoke.kql"}


def check(root: Path, tools) -> list[str]:
    """alerts.json is well-formed, every query file is there and used, and what it says can be evaluated."""
    folder = root / "infra/monitor"
    rules = json.loads((folder / "alerts.json").read_text())
    found, names, used = [], set(), set()
    for kind, fields in (("metrics", METRIC), ("queries", QUERY)):
        for rule in rules[kind]:
            name = rule.get("name", "?")
            if set(rule) != fields:
                found.append(
                    f"alerts.json: {name}: {', '.join(sorted(set(rule) ^ fields))} is missing, or one too many"
                )
                continue
            if not re.fullmatch(r"[a-z][a-z-]*[a-z]", name) or name in names:
                found.append(
                    f"alerts.json: {name}: a name is lower-case words, and there is one rule of it"
                )
            names.add(name)
            if rule["severity"] not in range(5):
                found.append(f"alerts.json: {name}: severity is 0 to 4")
            window, frequency = DURATIONS.get(rule["window"]), DURATIONS.get(rule["frequency"])
            if window is None or frequency is None or frequency > window:
                found.append(
                    f"alerts.json: {name}: frequency and window are of {', '.join(DURATIONS)}, the window the longer one"
                )
            if kind == "metrics":
                found += [
                    f"alerts.json: {name}: a criterion has {', '.join(sorted(CRITERION))}"
                    for criterion in rule["criteria"]
                    if set(criterion) != CRITERION
                ]
            else:
                used.add(rule["query"])
                found += _query(folder / rule["query"])
    found += [
        f"{file.name}: no rule uses it"
        for file in sorted(folder.glob("*.kql"))
        if file.name not in used | BY_HAND
    ]
    for name in sorted(BY_HAND):
        found += _query(folder / name)
    return found


def _query(file: Path) -> list[str]:
    if not file.is_file():
        return [f"alerts.json: there is no {file.name}"]
    text = re.sub(r"//.*", "", file.read_text()).strip()
    unbalanced = [pair for pair in ("()", "[]", "{}") if text.count(pair[0]) != text.count(pair[1])]
    if not text or unbalanced or text.endswith("|"):
        return [f"{file.name}: the query is not whole"]
    return []
