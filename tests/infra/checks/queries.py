"""infra/monitor: the rules, the workbook, and the queries of both."""

import json
import re
from pathlib import Path

from bicep import syntax
from monitor import kusto

COMMON = {"name", "description", "severity", "window", "frequency"}
METRIC = COMMON | {"target", "criteria"}
CRITERION = {"metric", "aggregation", "operator", "threshold"}
QUERY = COMMON | {"query", "measure", "aggregation", "dimensions", "operator", "threshold"}
NUMBERS = {"int", "long", "real"}
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
    """Rules and workbook are well-formed, and Microsoft's parser binds every query to Log Analytics' tables."""
    folder = root / "infra/monitor"
    queries = kusto.read(root, tools)
    parameters = syntax.read(root / "infra/bicep/main.bicep").declarations
    rules = json.loads((folder / "alerts.json").read_text())
    found, names = [fault for query in queries.values() for fault in query.faults], set()
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
            faults = _criteria(rule) if kind == "metrics" else _query(rule, queries, parameters)
            found += [f"alerts.json: {name}: {fault}" for fault in _common(rule) + faults]
    shown = workbook(folder)
    found += [f"workbook.json: there is no {name}" for name in shown if name not in queries]
    used = BY_HAND | {*shown, *(rule.get("query") for rule in rules["queries"])}
    found += [f"{name}: no rule and no workbook uses it" for name in queries if name not in used]
    return found


def workbook(folder: Path) -> list[str]:
    """The files of the workbook's queries."""
    items = json.loads((folder / "workbook.json").read_text())["items"]
    return [item["content"]["query"] for item in items if "query" in item["content"]]


def _common(rule: dict) -> list[str]:
    found = []
    if rule["severity"] not in range(5):
        found.append("severity is 0 to 4")
    window, frequency = DURATIONS.get(rule["window"]), DURATIONS.get(rule["frequency"])
    if window is None or frequency is None or frequency > window:
        found.append(
            f"frequency and window are of {', '.join(DURATIONS)}, the window the longer one"
        )
    return found


def _criteria(rule: dict) -> list[str]:
    return [
        f"a criterion has {', '.join(sorted(CRITERION))}"
        for criterion in rule["criteria"]
        if set(criterion) != CRITERION
    ]


def _query(rule: dict, queries: dict, parameters: dict) -> list[str]:
    if rule["query"] not in queries:
        return [f"there is no {rule['query']}"]
    columns, found = queries[rule["query"]].columns, []
    if (rule["measure"] is None) != (rule["aggregation"] == "Count"):
        found.append("rows are counted, and a measure is not")
    if rule["measure"] is not None and columns.get(rule["measure"]) not in NUMBERS:
        found.append(f"{rule['query']} has no number `{rule['measure']}`")
    found += [
        f"{rule['query']} has no text `{name}`"
        for name in rule["dimensions"]
        if columns.get(name) != "string"
    ]
    if isinstance(rule["threshold"], str) and rule["threshold"] not in parameters:
        found.append(f"there is no parameter `{rule['threshold']}`")
    return found
