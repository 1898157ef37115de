"""JSON numbers, from their text to exact decimals."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# 20 digits before the point and 18 behind it: 38 in all, the most that Spark and Delta hold
PRICE = "DECIMAL(38,18)"
# a line's value, rounded half up; prices of up to six decimals are not rounded
AMOUNT = "DECIMAL(38,6)"


def price(text: Column) -> Column:
    """The number, or null where 38 digits don't hold it exactly: nothing is rounded in silence."""
    return F.when(_decimals(text) <= 18, text.try_cast(PRICE))


def quantity(text: Column) -> Column:
    """A whole number of 64 bits, which may be written `12`, `12.0` or `1.2e1`; null if it is none."""
    return F.when(_decimals(text) <= 0, text.try_cast("DECIMAL(38,0)").try_cast("BIGINT"))


def amount(price: Column, quantity: Column) -> Column:
    """Price times quantity; null where that is beyond 32 digits before the point."""
    # in two factors, since Spark would cut the digits of the product's type where they are too many
    return F.try_multiply(price, quantity.cast("DECIMAL(19,0)")).try_cast(AMOUNT)


def _decimals(text: Column) -> Column:
    """How many decimals the number needs: 21.470 needs 2, 1.5e3 none, 1200 none."""
    fraction = F.rtrim(F.regexp_extract(text, r"\.([0-9]+)", 1), F.lit("0"))
    exponent = F.coalesce(F.regexp_extract(text, r"[eE]([+-]?[0-9]+)", 1).try_cast("INT"), F.lit(0))
    return F.length(fraction) - exponent
