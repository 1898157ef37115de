"""infra/monitor against what the real handler exports."""

import json
import re
import threading
from pathlib import Path

from bicep import syntax
from install import ROOT
from monitor import kusto
from monitor.capture import BAD, STREAM, Days
from monitor.execution import Workspace, fires
from monitor.handler import HandlerError
from monitor.ingestion import Rows

from .queries import DURATIONS

# which rules notify, and of what, in each scenario
NOTIFIED = {
    "well": {},
    "badly": {
        "partition-held": [(STREAM, "0")],
        "events-late": [(STREAM, "0")],
        "events-rejected": [(STREAM,)],
        "sequence-gaps": [(STREAM, "0")],
        "handler-restarts": [("instance-2",)],
        "lake-throttled": [()],
        "failed-invocations": [()],
    },
    "unheard": {"telemetry-dropped": [("instance-3",)]},
    "stopped": {
        "events-not-landed": [()],
        "partition-held": [(STREAM, "0")],
        "handler-restarts": [("instance-2",)],
        "lake-throttled": [()],
    },
}
MATCHES = {
    "==": lambda seen, text: seen == text,
    "=~": lambda seen, text: seen.lower() == text.lower(),
    "has": lambda seen, text: re.search(rf"\b{re.escape(text)}\b", seen, re.IGNORECASE),
    "in": lambda seen, text: seen == text,
    "startswith": lambda seen, text: seen.lower().startswith(text.lower()),
}
_lock, _days, _workspaces = threading.Lock(), [], {}


def check(root: Path, tools) -> list[str]:
    """Every name, property and value of a query is one that the handler exports; rules notify when they have to, figures add up."""
    program = ROOT / "target/debug/bronzegate"
    if not program.is_file():
        return ["there is no target/debug/bronzegate: `just monitor` builds it"]
    try:
        days = captured(program)
    except HandlerError as error:
        return [str(error)]
    queries = kusto.read(root, tools)
    found = [fault for query in queries.values() for fault in query.faults]
    if found:
        return found
    found += [
        f"{name}: {fault}" for name, query in queries.items() for fault in unknown(query, days.all)
    ]
    return found + notifications(root, queries) + figures(queries, days)


def captured(program: Path) -> Days:
    """The scenarios, played once."""
    with _lock:
        if not _days:
            days = Days(program)
            _workspaces.update(
                {name: Workspace(getattr(days, name), days.now) for name in NOTIFIED}
            )
            _days.append(days)
        return _days[0]


def unknown(query: kusto.Query, rows: Rows) -> list[str]:
    """What a query names that no row has: the names of metrics and calls first, and then properties of these."""
    found, seen = [], []
    for statement in query.statements:
        tables = list(dict.fromkeys(statement.tables))
        if tables:
            seen = [row for table in tables for row in rows[table]]
        for comparison in statement.compared:
            if any(comparison.column in kusto.TABLES[table] for table in tables):
                values = {row.get(comparison.column) for row in seen} - {None}
                found += _unseen(comparison, values, f"{comparison.column}")
        # what the statement keeps: rows with a name that it compares
        names = [it for it in statement.compared if it.column == "Name"]
        if names:
            seen = [
                row
                for row in seen
                if any(MATCHES[it.operator](row["Name"], text) for it in names for text in it.texts)
            ]
        for key in dict.fromkeys(statement.properties):
            if not any(key in row["Properties"] for row in seen):
                found.append(f'no row that it reads has Properties["{key}"]')
        for comparison in statement.compared:
            if comparison.property is not None:
                values = {row["Properties"].get(comparison.property) for row in seen} - {None}
                found += _unseen(comparison, values, f'Properties["{comparison.property}"]')
    return found


def _unseen(comparison: kusto.Comparison, values: set, of: str) -> list[str]:
    matches = MATCHES.get(comparison.operator)
    if matches is None:
        return [f"`{comparison.operator}` of {of} is not understood by this check"]
    return [
        f"no row has {of} {comparison.operator} {text!r}"
        for text in comparison.texts
        if not any(matches(value, text) for value in values)
    ]


def notifications(root: Path, queries: dict[str, kusto.Query]) -> list[str]:
    """Where a rule is silent and should not be, or the other way around."""
    rules = json.loads((root / "infra/monitor/alerts.json").read_text())["queries"]
    parameters = syntax.read(root / "infra/bicep/main.bicep").declarations
    found = []
    for scenario, expected in NOTIFIED.items():
        for rule in rules:
            threshold = rule["threshold"]
            if isinstance(threshold, str):
                threshold = int(syntax.text(parameters[threshold].value))
            workspace = _workspaces[scenario]
            rows = workspace.run(queries[rule["query"]].text, DURATIONS[rule["window"]])
            of, wanted = fires(rule, rows, threshold), expected.get(rule["name"], [])
            if of != wanted:
                found.append(
                    f"{rule['name']}: where it goes {scenario} it notifies of {of}, and should of {wanted}: {rows}"
                )
    return found


def figures(queries: dict[str, kusto.Query], days: Days) -> list[str]:
    """Where the workbook's figures are not what was sent."""
    sent = days.delivered
    delivered = sum(sent.values())
    shown = {name: _workspaces["badly"].run(query.text) for name, query in queries.items()}

    def total(name: str, column: str) -> float:
        return sum(row[column] for row in shown[name])

    counts = {
        "account.kql": (
            [
                (
                    row["Stream"],
                    row["Delivered"],
                    row["Accepted"],
                    row["Rejected"],
                    row["Duplicates"],
                    row["Difference"],
                )
                for row in shown["account.kql"]
            ],
            [(STREAM, delivered, sent["accepted"], sent["rejected"], sent["duplicates"], 0)],
        ),
        "throughput.kql": (
            tuple(total("throughput.kql", name) for name in ("Accepted", "Rejected", "Duplicates")),
            (sent["accepted"], sent["rejected"], sent["duplicates"]),
        ),
        "rejections.kql": (
            {row["Reason"]: row["Rejected"] for row in shown["rejections.kql"]},
            {reason: sent["rejected"] / len(BAD) for reason in BAD},
        ),
        "rejection-trend.kql": (
            {row["Reason"] for row in shown["rejection-trend.kql"]},
            set(BAD),
        ),
        "sequence-gaps.kql": (
            [(row["Partition"], row["Gaps"], row["Missing"]) for row in shown["sequence-gaps.kql"]],
            [("0", 1, 50)],
        ),
        "age.kql": (
            [60 <= row["Mean"] / 60 <= row["Worst"] / 60 < 61 for row in shown["age.kql"]],
            [True],
        ),
        "batches.kql": (total("batches.kql", "Failed"), 8),
        "retries.kql": ({row["Cause"] for row in shown["retries.kql"]}, {"throttled"}),
        "partition-held.kql": ([row["Failures"] for row in shown["partition-held.kql"]], [8]),
        "handler-log.kql": (
            {row["Severity"] for row in shown["handler-log.kql"] if "throttled" in row["Line"]},
            {"ERROR"},
        ),
        "handler-restarts.kql": ([row["Restarts"] for row in shown["handler-restarts.kql"]], [2]),
    }
    found = [
        f"{name}: it shows {seen}, and was sent {wanted}"
        for name, (seen, wanted) in counts.items()
        if seen != wanted
    ]
    return found + costs(shown["costs.kql"], delivered)


def costs(rows: list[dict], delivered: int) -> list[str]:
    """Where costs are not of what was done: five batches, of which three landed something, one of them rejections."""
    amounts = {row["Figure"]: row["Amount"] for row in rows}
    found = [
        f"costs.kql: {row['Figure']} is {row['AMillionEvents']} a million events"
        for row in rows
        if abs(row["AMillionEvents"] - 1e6 * row["Amount"] / delivered) > 1
    ]
    for figure in (
        "store calls: create",
        "bytes written: bronze",
        "bytes written: rejections",
        "bytes of requests",
    ):
        if not amounts.get(figure):
            found.append(f"costs.kql: it has no {figure}, but {sorted(amounts)}")
    return found
