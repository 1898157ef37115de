"""Plants a mistake at a time in a copy of the templates, and looks whether its check says so."""

import shutil
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from checks import CHECKS, HANDLER

COPIED = (
    "infra",
    "docs",
    ".github",
    ".devcontainer",
    "azure.yaml",
    "Dockerfile",
    "compose.yaml",
    "Cargo.toml",
)


@dataclass
class Mistake:
    """A text in a file that is replaced, and what the check has to say of it."""

    name: str
    check: str
    file: str
    old: str
    new: str
    says: str


MISTAKES = [
    Mistake(**entry)
    for entry in tomllib.loads(Path(__file__).with_name("mistakes.toml").read_text())["mistake"]
]


def run(root: Path, tools, checks: dict) -> list[str]:
    """Every mistake of these checks is caught, by its check and with the words that name it."""
    planted = [mistake for mistake in MISTAKES if mistake.check in checks]
    with ThreadPoolExecutor(2) as pool:
        faults = pool.map(lambda mistake: plant(mistake, root, tools), planted)
        found = [f"{mistake.name}: {fault}" for mistake, fault in zip(planted, faults) if fault]
    tried = {mistake.check for mistake in planted}
    return found + [f"`{name}` has no mistake to catch" for name in checks if name not in tried]


def plant(mistake: Mistake, root: Path, tools) -> str | None:
    """What is wrong with the check of a mistake."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        file = copy / mistake.file
        text = file.read_text()
        if mistake.old not in text:
            return f"{mistake.file} has no {mistake.old!r} to plant it in"
        file.write_text(text.replace(mistake.old, mistake.new, 1))
        try:
            said = "\n".join({**CHECKS, **HANDLER}[mistake.check](copy, tools))
        except Exception as error:
            # an error that names it is a finding, too
            said = str(error)
        if not said:
            return f"`{mistake.check}` does not see it"
        return (
            None
            if mistake.says in said
            else f"`{mistake.check}` does not say {mistake.says!r}, but:\n{said}"
        )
