"""Money is exact: what cannot be kept to the fils is refused, never rounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import FaultCode, UserFault
from domain.money import LARGEST, checked_amount, rounded


@given(st.decimals(min_value=0, max_value=LARGEST, places=3))
def test_three_decimals_pass_unchanged(amount: Decimal) -> None:
    checked = checked_amount(amount, "price")
    assert checked == amount
    assert str(checked).partition(".")[2].__len__() == 3
    assert not str(checked).startswith("-")


@given(st.decimals(min_value=0, max_value=1_000_000, places=4).filter(lambda amount: amount != round(amount, 3)))
def test_a_fourth_decimal_is_refused(amount: Decimal) -> None:
    with pytest.raises(UserFault) as refused:
        checked_amount(amount, "price")
    assert (refused.value.code, refused.value.field) == (FaultCode.INVALID, ("price",))


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "-0.001", "1000000000", "1E+30", "1E-30"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UserFault):
        checked_amount(Decimal(text), "price")


def test_a_negative_zero_is_zero() -> None:
    assert str(checked_amount(Decimal("-0"))) == "0.000"


@pytest.mark.parametrize(("amount", "expected"), [("0.0005", "0.001"), ("0.0004", "0.000"), ("2.3455", "2.346")])
def test_the_servers_own_arithmetic_rounds_half_up(amount: str, expected: str) -> None:
    assert str(rounded(Decimal(amount))) == expected
