"""What is sent: made here with decimals, or by the program's generator, and not read back from any lake."""

import base64
import json
import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

ACCEPTED = "accepted"
COUNTRIES = ["United Kingdom"] * 6 + ["Norway", "Brazil", "Côte d'Ivoire"]


@dataclass(frozen=True)
class Line:
    """A line of a transaction, and what has to become of it."""

    transaction: str
    day: date
    product: str
    name: str
    price: Decimal
    quantity: int
    customer: str | None
    country: str
    # how it is written, and what was spoilt
    written: dict[str, str] = field(default_factory=dict)
    fate: str = ACCEPTED
    # the expectation that it breaks where it is accepted
    breaks: str | None = None
    message_id: str | None = None
    # the payload, where it is the generator's and not written here
    payload: bytes | None = None
    # the schema that its rejection names
    schema: str | None = None

    @property
    def cancelled(self) -> bool:
        return self.transaction.startswith("C")

    @property
    def text(self) -> str | None:
        """The payload; None where it is not UTF-8. Numbers are written digit by digit, as Decimal has them."""
        if self.payload is not None:
            try:
                return self.payload.decode()
            except UnicodeDecodeError:
                return None
        fields = {
            "TransactionNo": json.dumps(self.transaction),
            "Date": json.dumps(f"{self.day.month}/{self.day.day}/{self.day.year}"),
            "ProductNo": json.dumps(self.product),
            "ProductName": json.dumps(self.name, ensure_ascii=False),
            "Price": format(self.price, "f"),
            "Quantity": str(self.quantity),
            "CustomerNo": json.dumps(self.customer),
            "Country": json.dumps(self.country, ensure_ascii=False),
        }
        if self.customer is None and self.quantity % 2:
            del fields["CustomerNo"]
        fields |= self.written
        return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


def lines(seed: int, count: int) -> list[Line]:
    """Lines as a shop writes them, some with a fault, some sent as exact duplicates."""
    dice = random.Random(seed)
    made: list[Line] = []
    number = 536365 + seed * 1000
    while len(made) < count:
        number += 1
        cancelled = dice.random() < 0.1
        first = Line(
            transaction=f"C{number}" if cancelled else str(number),
            day=date(2018, 12, 1) + timedelta(days=dice.randrange(14)),
            product="",
            name="",
            price=Decimal(1),
            quantity=1,
            customer=dice.choice([None, *(str(it) for it in range(12001, 12080))]),
            country=dice.choice(COUNTRIES),
        )
        for _ in range(dice.randint(1, 40)):
            product = dice.randrange(150)
            line = replace(
                first,
                product=f"{20000 + product}{dice.choice(['', 'B'])}",
                name=f"Children's Apron, Café \"{product}\"{dice.choice(['', ' New'])}",
                price=Decimal(dice.randint(1, 99999)).scaleb(-dice.choice([0, 1, 2, 2, 2, 4])),
                quantity=dice.randint(1, 80) * (-1 if cancelled else 1),
            )
            made.append(_spoilt(line, dice) if dice.random() < 0.03 else line)
            if dice.random() < 0.01:
                made.append(made[-1])
    return made[:count] + planted()


def _spoilt(line: Line, dice: random.Random) -> Line:
    written = dice.choice(
        [
            {"Price": f'"{line.price}"'},
            {"Date": f'"{line.day.isoformat()}"'},
            {"Date": f'"{line.day.month}/0{line.day.day % 9 + 1}/{line.day.year}"'},
            {"CustomerNo": "12345.0"},
            {"Quantity": "0"},
            {"Price": "NaN"},
        ]
    )
    fate = "not-json" if written == {"Price": "NaN"} else "schema"
    if written.get("Date", "").count("/0"):
        line = replace(line, day=line.day.replace(day=line.day.day % 9 + 1))
    return replace(line, written=written, fate=fate)


def generated(sent: Path) -> list[Line]:
    """The lines of the generator, from the file that `bronzegate local --sent` wrote before the handler saw
    them. What has to become of a line is the generator's word; what it says is read here, with decimals."""
    made = []
    for text in sent.read_text().splitlines():
        event = json.loads(text)
        payload = event["body_text"].encode() if "body_text" in event else base64.b64decode(event["body_base64"])
        fate = event["_expected"]
        if fate == ACCEPTED:
            fields = json.loads(payload, parse_float=Decimal, parse_int=Decimal)
            month, day, year = map(int, fields["Date"].split("/"))
            assert fields["Quantity"] == fields["Quantity"].to_integral_value()
            line = Line(
                fields["TransactionNo"], date(year, month, day), fields["ProductNo"], fields["ProductName"],
                fields["Price"], int(fields["Quantity"]), fields.get("CustomerNo"), fields["Country"],
            )
        else:
            # it says nothing that counts
            line = Line("", date.min, "", "", Decimal(0), 0, None, "")
        named = "order-transaction/1.0.0" if fate == "schema" else None
        schema = event["_properties"].get("schema", named)
        made.append(replace(line, fate=fate, payload=payload, schema=schema))
    return made


def leading_zero(line: Line) -> bool:
    """What the mended schema accepts: a day with a zero before it."""
    return "/0" in line.written.get("Date", "")


def planted() -> list[Line]:
    """Numbers at the edges of what is exact, and what a schema does not see."""
    line = Line("499999", date(2018, 11, 30), "99999", "Edge", Decimal(1), 1, "12001", "Norway")
    exact = [
        replace(line, price=Decimal("12345678901234567890.123456789012345678")),
        replace(line, price=Decimal("0.000000000000000001"), quantity=3),
        replace(line, price=Decimal("0.0000005")),
        replace(line, written={"Quantity": "1.2e1"}, quantity=12),
        replace(line, written={"Quantity": "7.0"}, quantity=7),
        replace(line, written={"Price": "2.5E+3"}, price=Decimal(2500)),
        replace(line, written={"Price": "9.99000000000000000000000"}, price=Decimal("9.99")),
        replace(line, quantity=9223372036854775807, price=Decimal("0.01")),
        replace(line, quantity=9223372036854775807, price=Decimal("0.02")),
        replace(line, transaction="C499999", quantity=-9223372036854775808, price=Decimal("0.01")),
    ]
    price, quantity = "price_is_exact_in_38_digits", "quantity_is_whole_and_fits_64_bits"
    broken = [
        replace(line, written={"Date": '"2/31/2019"'}, breaks="date_is_a_day_of_the_calendar"),
        replace(line, written={"Price": "0.0000000000000000001"}, breaks=price),
        replace(line, written={"Price": "123456789012345678901"}, breaks=price),
        replace(line, written={"Price": "1e300"}, breaks=price),
        replace(line, written={"Quantity": "9223372036854775808"}, breaks=quantity),
        replace(
            line,
            price=Decimal("99999999999999999999"),
            quantity=9223372036854775807,
            breaks="amount_is_below_10_to_the_22",
        ),
    ]
    return exact + broken


@dataclass(frozen=True)
class Event:
    """An event on a partition of the hub `shop/orders`."""

    partition: int
    sequence: int
    enqueued: datetime
    text: str
    content_type: str | None = None
    properties: dict = field(default_factory=dict)
    message_id: str | None = None
    # what it says: a line, or the fields of an order's event
    line: Line | None = None
    order: dict | None = None


START = datetime(2026, 3, 1, 23, 50, tzinfo=timezone.utc)


class Hub:
    """Two partitions; the clock goes on by a second with each event, over midnight."""

    def __init__(self) -> None:
        self.sequences = {0: 0, 1: 0}
        self.events: list[Event] = []

    def send(self, partition: int, text: str, *, late: timedelta = timedelta(), **about) -> None:
        moment = START + timedelta(seconds=len(self.events)) - late
        self.events.append(Event(partition, self.sequences[partition], moment, text, **about))
        self.sequences[partition] += 1

    def send_line(self, line: Line, partition: int = 0, **about) -> None:
        self.send(partition, about.pop("text", line.text), line=line, message_id=line.message_id, **about)

    def send_order(self, order: dict, partition: int = 0, **about) -> None:
        text = json.dumps(order, default=float)
        self.send(partition, text, order=order, properties={"schema": "order/1"}, **about)


def order(number: int, event: str, **fields) -> dict:
    return {"orderId": f"ord-{number}", "event": event, "time": "2026-03-01T10:00:00Z", **fields}


def created(number: int) -> dict:
    customer = {"id": f"c{number % 7}", "country": "Brazil"}
    bought = [{"productNo": "22485", "quantity": number % 5 + 1, "price": Decimal("21.5")}]
    return order(number, "created", customer=customer, currency="GBP", lines=bought)


def updated(number: int, quantity: int) -> dict:
    bought = [{"productNo": "22596", "productName": "Crate", "quantity": quantity, "price": Decimal("10.25")}]
    return order(number, "updated", currency="EUR", lines=bought)


def first_half(hub: Hub) -> None:
    for number in range(200):
        hub.send_order(created(number), number % 2)
        line = Line("600000", date(2019, 1, number % 20 + 1), "30000", "Twice", Decimal("3.1"), 2, None, "Norway")
        line = replace(line, message_id=f"m{number}")
        hub.send_line(line, number % 2)
        if number % 10 == 0:
            hub.send_line(line, number % 2)
        if number % 3 == 0:
            hub.send_order(updated(number, number + 1), number % 2)
        if number % 4 == 0:
            hub.send_order(order(number, "cancelled", reason="ordered twice"), number % 2)
    structured = Line("600001", date(2019, 2, 1), "30001", "In an envelope", Decimal("0.1"), 1, None, "Brazil")
    data = structured.text.replace("0.1,", "12345678901234567890.123456789012345678,")
    assert data != structured.text
    structured = replace(structured, price=Decimal("12345678901234567890.123456789012345678"))
    envelope = (
        '{"specversion":"1.0","id":"1","source":"/shop","type":"bronzegate.order-transaction","data":%s}' % data
    )
    hub.send_line(structured, text=envelope, content_type="application/cloudevents+json")
    # the header of a Kafka client, in base64
    header = {"Content-Type": "YXBwbGljYXRpb24vY2xvdWRldmVudHMranNvbjsgY2hhcnNldD11dGYtOA=="}
    hub.send_line(structured, text=envelope, properties=header)


def second_half(hub: Hub) -> None:
    for number in range(0, 200, 5):
        hub.send_order(order(number, "completed", currency="GBP", total=Decimal("257.75")), number % 2)
    # enqueued on a partition of its own an hour before: it was read later, and changes nothing
    hub.send_order(updated(3, 999), 1, late=timedelta(hours=1))
    hub.send_order(created(1000))
