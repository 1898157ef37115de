"""Runs queries on rows: KQL by duckdb-kql, on DuckDB."""

import datetime
import json
import threading

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
    """Log Analytics with these rows. What a query found is kept, since mistakes are planted in one at a time."""

    def __init__(self, rows: Rows, now: datetime.datetime):
        self.now, self.lock, self.found = now, threading.Lock(), {}
        self.connection = duckdb_kql.connect()
        for table, columns in TABLES.items():
            declared = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
            self.connection.execute(f'CREATE TABLE "all {table}" ({declared})')
            if rows.get(table):
                places = ", ".join("?" * len(columns))
                values = [_values(row, columns) for row in rows[table]]
                self.connection.executemany(f'INSERT INTO "all {table}" VALUES ({places})', values)

    def run(self, query: str, minutes: int | None = None) -> list[dict]:
        """What a query finds in the rows of the last minutes, or in all."""
        with self.lock:
            key = query, minutes
            if key not in self.found:
                self.found[key] = self._run(query, minutes)
            return self.found[key]

    def _run(self, query: str, minutes: int | None) -> list[dict]:
        since = self.now - datetime.timedelta(minutes=minutes) if minutes else datetime.datetime.min
        for table in TABLES:
            self.connection.execute(
                f'CREATE OR REPLACE TABLE "{table}" AS SELECT * FROM "all {table}" WHERE TimeGenerated >= ?',
                [since],
            )
        result = duckdb_kql.query(self.connection, query)
        return [dict(zip(result.columns, row)) for row in result.fetchall()]


def _values(row: dict, columns: dict[str, str]) -> list:
    return [
        json.dumps(row[name]) if kind == "dynamic" and name in row else row.get(name)
        for name, kind in columns.items()
    ]


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
