"""Gold on a terminal, and a plot."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from local.tables import Tables

_GOLD = {
    "sales_by_day_and_country": ("date", "country"),
    "sales_by_product": ("net",),
    "customers": ("net",),
    "rejections_by_day": ("day", "reason"),
    "freshness": ("hour",),
    "expectation_counts": ("table", "expectation"),
}
_ROWS = 10


def show(tables: Tables) -> None:
    """Prints the first rows of each gold table."""
    for table, order in _GOLD.items():
        rows = tables.rows(table)
        # what is ordered by money begins with the most
        rows.sort(key=lambda row: [str(row[it]) for it in order])
        if order == ("net",):
            rows.sort(key=lambda row: row["net"], reverse=True)
        print(f"\n{table}: {len(rows):,} rows")
        _print(rows[:_ROWS])


def _print(rows: list[dict]) -> None:
    if not rows:
        return
    lines = [list(rows[0])] + [[_text(value) for value in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  " + "  ".join(text.rjust(width) for text, width in zip(line, widths)))


def _text(value) -> str:
    if value is None:
        return "-"
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return str(value)


def plot(tables: Tables, page: Path) -> Path:
    """Draws sold, cancelled and net by day."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    days = defaultdict(lambda: {"sold": Decimal(0), "cancelled": Decimal(0), "net": Decimal(0)})
    for row in tables.rows("sales_by_day_and_country"):
        for name, total in days[row["date"]].items():
            days[row["date"]][name] = total + row[name]
    dates = sorted(days)
    figure, axes = pyplot.subplots(figsize=(10, 4), layout="constrained")
    axes.bar(dates, [days[it]["sold"] for it in dates], color="#b8c4d6", label="sold")
    axes.bar(dates, [-days[it]["cancelled"] for it in dates], color="#d98c6a", label="cancelled")
    axes.plot(dates, [days[it]["net"] for it in dates], color="#1f3a5f", marker=".", label="net")
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_ylabel("GBP")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(page, dpi=120)
    return page
