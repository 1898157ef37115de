"""`lakehouse/run`: updates the tables of a lake, prints gold, and plots the sales by day."""

import argparse
import os
import sys
from pathlib import Path

from local.show import plot, show
from local.tables import Tables
from local.update import UpdateFailed, update


def main() -> int:
    parser = argparse.ArgumentParser(prog="lakehouse/run", description=__doc__)
    parser.add_argument("lake", nargs="?", default="lake", help="the folder that bronzegate lands in (lake)")
    parser.add_argument("--out", type=Path, default=Path(".bronzegate/lakehouse"), help="where the tables go")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE",
        help="a setting of the pipeline, as in messages=distinct, or of Spark",
    )
    arguments = parser.parse_args()
    lake = arguments.lake if "://" in arguments.lake else str(Path(arguments.lake).resolve())
    if "://" not in lake and not (Path(lake) / "bronze").is_dir():
        print(f"lakehouse/run: {lake} is no lake: `bronzegate local` makes one", file=sys.stderr)
        return 2
    settings = dict(it.split("=", 1) for it in arguments.set)
    print(f"updating the tables of {lake} (a minute or two)…", file=sys.stderr)
    try:
        update(lake, arguments.out, Path(os.environ["LAKEHOUSE_JARS"]), settings)
    except UpdateFailed as error:
        print(f"lakehouse/run: {error}", file=sys.stderr)
        return 1
    tables = Tables(arguments.out)
    show(tables)
    page = plot(tables, arguments.out / "sales_by_day.png")
    print(f"\nsales by day: {page}\nDelta tables: {arguments.out / 'tables'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
