"""The tables of an update, read without Spark."""

from pathlib import Path

from deltalake import DeltaTable


class Tables:
    """The Delta tables under `out/tables`."""

    def __init__(self, out: Path):
        self.folder = Path(out) / "tables"

    def rows(self, table: str) -> list[dict]:
        """All rows of a table; decimals are exact."""
        return DeltaTable(str(self.folder / table)).to_pyarrow_table().to_pylist()

    def version(self, table: str) -> int:
        """How often it was written."""
        return DeltaTable(str(self.folder / table)).version()
