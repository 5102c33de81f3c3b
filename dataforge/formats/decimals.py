"""Numbers as they are written, so that an edit rounds nothing."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_MOST = 400  # digits before and behind the point that are worth writing; a float has 308


def exact(written: str) -> Decimal:
    """The number of a text.

    Raises:
        ValueError: it is not a finite number, or one of more digits than anybody writes.
    """
    try:
        number = Decimal(written)
    except InvalidOperation:
        raise ValueError(f"{written[:40]!r} is no number") from None
    if not number.is_finite() or (number and abs(number.adjusted()) > _MOST):
        raise ValueError(f"{written[:40]!r} is beyond all numbers that are in use")
    return number


def plain(value: Decimal) -> str:
    """In plain digits, without trailing zeros.

    >>> plain(Decimal("12.50")), plain(Decimal("1E+2")), plain(Decimal("1e-7"))
    ('12.5', '100', '0.0000001')
    """
    whole = value == value.to_integral_value()
    return str(int(value)) if whole else f"{value.normalize():f}"
