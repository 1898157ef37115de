"""Runs queries on rows: KQL by duckdb-kql, on DuckDB."""

import json
import datetime

import duckdb_kql

from .ingestion import Rows
from .kusto import TABLES

TYPES = {
    "string": "VARCHAR",
    "datetime": "TIMESTAMP",
    "real": "DOUBLE",
    "int": "INTEGER",
    "long": "BIGINT",
    "bool": "BOOLEAN",
    "dynamic": "JSON",
}
AGGREGATIONS = {
    "Maximum": max,
    "Minimum": min,
    "Total": sum,
    "Average": lambda values: sum(values) / len(values),
}
OPERATORS = {"GreaterThan": lambda value, threshold: value > threshold}


class Workspace:
    """Tables of Log Analytics with these rows, of the last `minutes` where that is said."""

    def __init__(self, rows: Rows, now: datetime.datetime, minutes: int | None = None):
        self.connection = duckdb_kql.connect()
        since = now - datetime.timedelta(minutes=minutes) if minutes else datetime.datetime.min
        for table, columns in TABLES.items():
            declared = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
            self.connection.execute(f'CREATE TABLE "{table}" ({declared})')
            places = ", ".join("?" * len(columns))
            for row in rows.get(table, []):
                if row["TimeGenerated"] >= since:
                    values = [
                        json.dumps(row[name])
                        if kind == "dynamic" and name in row
                        else row.get(name)
                        for name, kind in columns.items()
                    ]
                    self.connection.execute(f'INSERT INTO "{table}" VALUES ({places})', values)

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(self, *_) -> None:
        self.connection.close()

    def run(self, query: str) -> list[dict]:
        """The rows that a query gives."""
        result = duckdb_kql.query(self.connection, query)
        return [dict(zip(result.columns, row)) for row in result.fetchall()]


def fires(rule: dict, found: list[dict], threshold: float) -> list[tuple]:
    """The dimensions for which a rule notifies, by what its query found, as Azure Monitor decides it."""
    if rule["measure"] is None:
        values = {(): len(found)}
    else:
        groups: dict[tuple, list[float]] = {}
        for row in found:
            groups.setdefault(tuple(row[name] for name in rule["dimensions"]), []).append(
                row[rule["measure"]]
            )
        values = {key: AGGREGATIONS[rule["aggregation"]](group) for key, group in groups.items()}
    return sorted(
        key for key, value in values.items() if OPERATORS[rule["operator"]](value, threshold)
    )
