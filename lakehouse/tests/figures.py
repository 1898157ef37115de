"""What every table has to say, computed from what was sent. No Spark, no lake."""

from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from inputs import ACCEPTED, Event, Line

_EXACT = Context(prec=200)


def amount(line: Line) -> Decimal:
    """Price times quantity, to six decimals."""
    with localcontext(_EXACT):
        return (line.price * line.quantity).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)


def counted(lines: list[Line], distinct: bool = False) -> list[Line]:
    """Those that gold counts: accepted, no promise broken, and of a message the first if so chosen."""
    kept, seen = [], set()
    for line in lines:
        if line.fate != ACCEPTED or line.breaks:
            continue
        if distinct and line.message_id is not None and line.message_id in seen:
            continue
        seen.add(line.message_id)
        kept.append(line)
    return kept


def sales(lines: list[Line], *by: str) -> dict[tuple, dict]:
    """The figures of gold, by some fields of a line."""
    groups = defaultdict(list)
    for line in lines:
        groups[tuple(getattr(line, it) for it in by)].append(line)
    return {key: _figures(group) for key, group in groups.items()}


def _figures(lines: list[Line]) -> dict:
    sold = [it for it in lines if not it.cancelled]
    cancelled = [it for it in lines if it.cancelled]
    with localcontext(_EXACT):
        return {
            "transactions": len({it.transaction for it in sold}),
            "cancellations": len({it.transaction for it in cancelled}),
            "lines": len(lines),
            "units_sold": sum(it.quantity for it in sold),
            "units_cancelled": -sum(it.quantity for it in cancelled),
            "sold": sum(map(amount, sold), Decimal(0)),
            "cancelled": -sum(map(amount, cancelled), Decimal(0)),
            "net": sum(map(amount, lines), Decimal(0)),
        }


def rejected(lines: list[Line]) -> Counter:
    """How many lines are refused, by schema and reason."""
    return Counter(
        (it.schema or ("order-transaction/1.0.0" if it.fate == "schema" else None), it.fate)
        for it in lines
        if it.fate != ACCEPTED
    )


def orders(events: list[Event]) -> dict[str, dict]:
    """Orders in their current state: of each part the newest event that says it."""
    found: dict[str, dict] = {}
    for event in sorted((it for it in events if it.order), key=lambda it: (it.enqueued, it.sequence)):
        said = event.order
        state = found.setdefault(said["orderId"], dict.fromkeys(_ORDER))
        state |= {"status": said["event"], "total": said.get("total"), "reason": said.get("reason")}
        state["enqueued_time"] = event.enqueued
        if "lines" in said:
            state["currency"] = said["currency"]
            state["lines"] = [(it["productNo"], it["quantity"], it["price"]) for it in said["lines"]]
        if "customer" in said:
            state["customer_id"], state["country"] = said["customer"]["id"], said["customer"]["country"]
    return found


_ORDER = ["status", "total", "reason", "enqueued_time", "currency", "lines", "customer_id", "country"]
