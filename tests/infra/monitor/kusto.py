"""The queries of infra/monitor as Microsoft's own parser reads them."""

import json
import subprocess
import threading
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLES = tomllib.loads((HERE / "tables.toml").read_text())


@dataclass
class Comparison:
    """A column, or else a property, that a query compares with texts."""

    column: str | None
    property: str | None
    operator: str
    texts: list[str]


@dataclass
class Statement:
    """What a statement of a query names."""

    tables: list[str]
    properties: list[str]
    compared: list[Comparison]


@dataclass
class Query:
    text: str
    faults: list[str]
    # its result's columns and their types
    columns: dict[str, str]
    statements: list[Statement]


def read(root: Path, tools) -> dict[str, Query]:
    """Every query by its file's name."""
    texts = {file.name: file.read_text() for file in sorted((root / "infra/monitor").glob("*.kql"))}
    answers = _parser(tools.kusto).ask({"tables": TABLES, "queries": texts})
    return {name: _query(name, texts[name], answer) for name, answer in answers.items()}


class Parser:
    """The parser's process: it starts in two seconds, and answers at once. It ends with this one."""

    def __init__(self, modules: Path):
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            ["node", HERE / "kusto.cjs", modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: dict) -> dict:
        with self.lock:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the parser ended")
        return json.loads(answer)


@cache
def _parser(modules: Path) -> Parser:
    return Parser(modules)


def _query(name: str, text: str, answer: dict) -> Query:
    faults = [f"{name}:{fault['line']}: {fault['message']}" for fault in answer["faults"]]
    statements = [
        Statement(
            part["tables"],
            part["properties"],
            [Comparison(**comparison) for comparison in part["compared"]],
        )
        for part in answer["statements"]
    ]
    return Query(text, faults, answer["columns"], statements)
