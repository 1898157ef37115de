"""Expectations: the platform's where it has them, and else a filter or an error that does the same.

Their names say what they promise. On both platforms `quarantine` has the rows that break one, and
`expectation_counts` how many did.
"""

import functools

from pyspark import pipelines as dp
from pyspark.sql import Column
from pyspark.sql import functions as F

from pipeline.source import ON_DATABRICKS

TRANSACTION = {
    "transaction_has_a_number": "transaction_no IS NOT NULL",
    "date_is_a_day_of_the_calendar": "date IS NOT NULL",
    "price_is_exact_in_38_digits": "price IS NOT NULL",
    "price_is_positive": "price IS NULL OR price > 0",
    "quantity_is_whole_and_fits_64_bits": "quantity IS NOT NULL",
    "amount_is_below_10_to_the_22": "price IS NULL OR quantity IS NULL OR amount IS NOT NULL",
    "cancellations_alone_are_negative": "quantity IS NULL OR cancelled = (quantity < 0)",
}

ORDER_EVENT = {
    "order_has_an_id": "order_id IS NOT NULL",
    "status_is_known": "coalesce(status IN ('created', 'updated', 'cancelled', 'completed'), false)",
    "time_is_a_moment": "time IS NOT NULL",
    "prices_are_exact_in_38_digits": "coalesce(forall(lines, line -> line.price IS NOT NULL), true)",
    "completed_orders_have_an_exact_total": "status <> 'completed' OR total IS NOT NULL",
}

LANDING = {
    "each_event_landed_once": "events = coordinates",
    "each_record_was_read": "unread = 0",
}


def expect_all_or_drop(promises: dict[str, str]):
    """Rows that break a promise don't pass."""
    if ON_DATABRICKS:
        return dp.expect_all_or_drop(promises)
    return _on_rows(lambda rows: rows.where(" AND ".join(f"({it})" for it in promises.values())))


def expect_all_or_fail(promises: dict[str, str]):
    """A row that breaks a promise ends the update."""
    if ON_DATABRICKS:
        return dp.expect_all_or_fail(promises)

    def held(rows):
        for name, promise in promises.items():
            rows = rows.where(f"CASE WHEN {promise} THEN true ELSE raise_error('{name}: it does not hold') END")
        return rows

    return _on_rows(held)


def broken(promises: dict[str, str]) -> Column:
    """The names of the promises that a row breaks."""
    names = [F.when(~F.expr(promise), F.lit(name)) for name, promise in promises.items()]
    return F.array_compact(F.array(*names))


def _on_rows(change):
    def decorate(query):
        @functools.wraps(query)
        def changed():
            return change(query())

        return changed

    return decorate
