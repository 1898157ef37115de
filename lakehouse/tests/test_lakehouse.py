"""The whole way: events to the real handler, its lake to the real pipeline, its tables to figures."""

import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal

import figures
import pytest
from inputs import ACCEPTED, leading_zero
from local.update import UpdateFailed, update
from story import JARS


def grouped(lines, field) -> dict:
    groups = defaultdict(list)
    for line in lines:
        groups[getattr(line, field)].append(line)
    return groups


def test_bronze_has_every_event_that_was_accepted_once(run):
    # a record is a line: a payload's own line breaks are spaces there
    texts = (it.text for it in run.shop if it.fate == ACCEPTED)
    accepted = Counter(text.replace("\r", " ").replace("\n", " ") for text in texts)
    accepted += Counter(it.text for it in run.hub)
    assert Counter(it["body"] for it in run.tables["orders_bronze"]) == accepted
    assert all(it["_file_path"] and it["_file_size"] and it["_landed_time"] for it in run.tables["orders_bronze"])
    assert not any(it["_rescued_data"] for it in run.tables["orders_bronze"])


def test_a_decimal_of_38_digits_arrives_whole(run, story):
    prices = [it["price"] for it in run.tables["order_transactions"]]
    assert prices.count(Decimal("12345678901234567890.123456789012345678")) == 3 + (run is story.second)
    assert Decimal("0.000000000000000001") in prices


def test_silver_is_every_line_typed(run):
    lines = figures.counted(run.lines)

    def typed(row):
        names = "transaction_no date product_no product_name price quantity amount customer_no country cancelled"
        return tuple(row[it] for it in names.split())

    wanted = Counter(
        (it.transaction, it.day, it.product, it.name, it.price, it.quantity, figures.amount(it), it.customer,
         it.country, it.cancelled)
        for it in lines
    )
    assert Counter(map(typed, run.tables["order_transactions"])) == wanted


def test_the_generators_stream_has_the_counts_and_sums_of_its_own_input(run, story):
    stream = "local/orders-seed-11-spoil-300"
    assert len(run.generated) == (7_000 if run is story.second else 6_000)
    accepted = [it for it in run.generated if it.fate == ACCEPTED]
    assert 100 < len(run.generated) - len(accepted) < 300
    assert any("\r\n" in it.text for it in accepted)
    bronze = [it for it in run.tables["orders_bronze"] if it["_stream"] == stream]
    silver = [it for it in run.tables["order_transactions"] if it["stream"] == stream]
    assert (len(bronze), len(silver)) == (len(accepted), len(accepted))
    for column, wanted in (
        ("price", sum(it.price for it in accepted)),
        ("quantity", sum(it.quantity for it in accepted)),
        ("amount", sum(map(figures.amount, accepted))),
        ("cancelled", sum(it.cancelled for it in accepted)),
    ):
        assert sum(it[column] for it in silver) == wanted, column
    # all reasons but one, for which the generator would have to send a megabyte
    refused = Counter(it.fate for it in run.generated if it.fate != ACCEPTED)
    assert len(refused) == 7
    log = [it for it in run.tables["rejections_bronze"] if it["_stream"] == stream]
    assert Counter(it["_reason"] for it in log) == refused
    still = [it for it in run.tables["rejections_open"] if it["stream"] == stream]
    assert Counter(it["reason"] for it in still) == refused


def test_nothing_stands_twice(run):
    for table in ("order_transactions", "order_events"):
        identity = Counter(
            (it["stream"], it["partition"], it["sequence"], it["enqueued_time"]) for it in run.tables[table]
        )
        assert identity.most_common(1)[0][1] == 1
    assert all(it["events"] == it["coordinates"] for it in run.tables["landing_check"])


def test_what_breaks_a_promise_is_kept_apart_and_counted(run):
    broken = Counter(it.breaks for it in run.lines if it.breaks and it.fate == ACCEPTED)
    assert len(broken) == 4
    assert Counter(name for it in run.tables["quarantine"] for name in it["broken"]) == broken
    counts = {(it["table"], it["expectation"]): it for it in run.tables["expectation_counts"]}
    assert {name: it["rows_stopped"] for (_, name), it in counts.items() if it["rows_stopped"]} == broken
    kept = len(run.tables["order_transactions"])
    assert counts["order_transactions", "date_is_a_day_of_the_calendar"]["rows_kept"] == kept


@pytest.mark.parametrize(
    ("table", "columns", "fields"),
    [
        ("sales_by_day_and_country", ("date", "country"), ("day", "country")),
        ("sales_by_product", ("product_no",), ("product",)),
        ("customers", ("customer_no",), ("customer",)),
    ],
)
def test_gold_is_what_was_sold(run, sold, table, columns, fields):
    wanted = figures.sales(sold, *fields)
    found = {tuple(row[it] for it in columns): row for row in run.tables[table]}
    assert found.keys() == wanted.keys()
    for key, figure in wanted.items():
        assert {name: found[key][name] for name in figure} == figure, key
    assert len(found) == len(run.tables[table])


def test_products_have_the_name_that_was_used_and_their_units_netted(run, sold):
    products = grouped(sold, "product")
    for row in run.tables["sales_by_product"]:
        lines = products[row["product_no"]]
        assert row["product_name"] in {it.name for it in lines}
        assert row["net_units"] == sum(it.quantity for it in lines)


def test_customers_have_their_first_and_last_day(run, sold):
    customers = grouped(sold, "customer")
    for row in run.tables["customers"]:
        days = [it.day for it in customers[row["customer_no"]]]
        assert (row["first_day"], row["last_day"]) == (min(days), max(days))


def test_a_message_sent_twice_counts_once_where_that_is_chosen(story):
    for run, times in ((story.first, 220), (story.second, 200)):
        (row,) = [it for it in run.tables["sales_by_product"] if it["product_no"] == "30000"]
        assert row["lines"] == times
    assert len(story.second.tables["order_transactions"]) > len(story.second.tables["sales"])


def test_orders_stand_as_their_events_say(run):
    wanted = figures.orders(run.hub)

    def state(row):
        bought = row["lines"] and [(it["product_no"], it["quantity"], it["price"]) for it in row["lines"]]
        return row | {"lines": bought}

    found = {row["order_id"]: state(row) for row in run.tables["orders"]}
    assert found.keys() == wanted.keys()
    for order, fields in wanted.items():
        assert {name: found[order][name] for name in fields} == fields, order
    assert len(run.tables["orders"]) == len(found)


def test_an_update_that_comes_late_changes_nothing(story):
    rows = {row["order_id"]: row for row in story.second.tables["orders"]}
    assert rows["ord-3"]["lines"][0]["quantity"] == 4


def test_rejections_are_counted_by_schema_and_reason(run):
    # what is replayed was rejected all the same
    lines = [replace(it, fate="schema") if leading_zero(it) else it for it in run.lines]
    found, still = Counter(), Counter()
    for row in run.tables["rejections_by_day"]:
        found[row["schema"], row["reason"]] += row["rejected"]
        still[row["schema"], row["reason"]] += row["open"]
        assert row["share"] == (Decimal(row["rejected"]) / row["events"]).quantize(Decimal("0.000001"))
    assert found == figures.rejected(lines)
    assert still == figures.rejected(run.lines)
    days = {row["day"]: row["events"] for row in run.tables["rejections_by_day"]}
    shop = [day for day in days if day.year == 2026 and day.month == 1]
    assert sum(days[day] for day in shop) == len(run.shop)


def test_what_a_mended_schema_accepts_moves_from_rejections_to_silver(story):
    mended = [it for it in story.second.shop if leading_zero(it)]
    assert len(mended) > 20
    assert story.replayed["landed"] == len(mended)
    moved = [it for it in story.second.tables["order_transactions"] if it["replayed"]]
    assert Counter(it["transaction_no"] for it in moved) == Counter(it.transaction for it in mended)
    assert {it["schema"] for it in moved} == {"order-transaction/1.1.0"}
    still = Counter(it["body_text"] for it in story.second.tables["rejections_open"])
    assert still == Counter(it.text for it in story.second.shop if it.fate != ACCEPTED)
    assert any(it["replayed"] for it in story.first.tables["order_transactions"]) is False
    before = {it["body_text"] for it in story.first.tables["rejections_open"]}
    assert {it.text for it in mended if it in story.first.shop or it.text in before} <= before


def test_freshness_counts_every_event_of_silver(run):
    silver = len(run.tables["order_transactions"]) + len(run.tables["order_events"])
    assert sum(it["events"] for it in run.tables["freshness"]) == silver
    for row in run.tables["freshness"]:
        assert 0 < row["landed_median"] <= row["landed_95_percent"] <= row["landed_most"]
        assert row["landed_most"] <= row["silver_most"]


def test_an_event_that_stands_twice_ends_the_update(story, tmp_path):
    """The landing never does this: a blob is copied by hand, so the assertion has something to find."""
    lake = tmp_path / "lake"
    shutil.copytree(story.lake / "bronze" / "shop", lake / "bronze" / "shop")
    (lake / "rejections").mkdir()
    blob = next((lake / "bronze").rglob("0-*.json.gz"))
    shutil.copy(blob, blob.with_name("0-copy.json.gz"))
    with pytest.raises(UpdateFailed, match="each_event_landed_once"):
        update(str(lake), tmp_path / "tables", JARS)
