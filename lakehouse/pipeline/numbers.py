"""JSON numbers, from their text to exact decimals."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# 20 digits before the point and 18 behind it: 38 in all, the most that Spark and Delta hold
PRICE = "DECIMAL(38,18)"
# a line's value, rounded half up; prices of up to six decimals are not rounded. Sums have 38 digits,
# so it takes 10,000,000,000 lines of the greatest value until one can't be told
AMOUNT = "DECIMAL(28,6)"
# the same for units: what is summed is wider than what is counted
UNITS = "DECIMAL(19,0)"


def price(text: Column) -> Column:
    """The number, or null where 38 digits don't hold it exactly: nothing is rounded in silence."""
    return F.when(_decimals(text) <= 18, text.try_cast(PRICE))


def quantity(text: Column) -> Column:
    """A whole number of 64 bits, which may be written `12`, `12.0` or `1.2e1`; null if it is none."""
    return F.when(_decimals(text) <= 0, text.try_cast("DECIMAL(38,0)").try_cast("BIGINT"))


def amount(price: Column, quantity: Column) -> Column:
    """Price times quantity; null where that has more than 22 digits before the point."""
    return F.try_multiply(price, quantity.cast(UNITS)).try_cast(AMOUNT)


def _decimals(text: Column) -> Column:
    """How many decimals the number needs: 21.470 needs 2, 1.5e3 none, 1200 none."""
    fraction = F.rtrim(F.regexp_extract(text, r"\.([0-9]+)", 1), F.lit("0"))
    exponent = F.regexp_extract(text, r"[eE]([+-]?[0-9]+)", 1)
    # most have none, and a cast that fails costs an exception, even where it is tried
    shift = F.when(exponent != "", F.coalesce(exponent.try_cast("INT"), F.lit(0))).otherwise(0)
    return F.length(fraction) - shift
