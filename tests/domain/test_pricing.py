"""Whatever is in a cart, whatever the code and whatever shipping costs: the amounts of an order add up to the fils."""

import random
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.money import FILS, ZERO
from domain.pricing import Reduction, ReductionKind, Totals, split, totals

MOST = Decimal("999999.999")
STEPS = [Decimal(step) for step in ("0.001", "0.005", "0.010", "0.250", "1.000")]
amounts = st.one_of(
    st.decimals(min_value=0, max_value=MOST, places=3), st.decimals(min_value=0, max_value=2, places=3), st.just(ZERO)
)
carts = st.lists(amounts, max_size=20)
reductions = st.one_of(
    st.none(),
    st.builds(Reduction, st.just(ReductionKind.PERCENTAGE), st.decimals(min_value=0, max_value=100, places=3)),
    st.builds(Reduction, st.just(ReductionKind.FIXED), amounts),
    st.just(Reduction(ReductionKind.FREE_SHIPPING)),
)


@settings(max_examples=500, deadline=None)
@given(carts, reductions, amounts, st.sampled_from(STEPS))
def test_the_amounts_of_every_cart_add_up(
    lines: Sequence[Decimal], reduction: Reduction | None, shipping: Decimal, step: Decimal
) -> None:
    """Mission C4, C3: what is hunted for and made as small as it gets."""
    check(lines, reduction, shipping, step)


def test_the_amounts_of_ten_thousand_random_carts_add_up() -> None:
    """Mission C4: what is found by sheer number."""
    chance = random.Random(5)  # noqa: S311 - the same carts each time
    for number in range(10_000):
        lines = [an_amount(chance) for _ in range(chance.randint(0, 20))]
        reduction = chance.choice([None, *(Reduction(kind, a_value(kind, chance)) for kind in ReductionKind)])
        try:
            check(lines, reduction, an_amount(chance), chance.choice(STEPS))
        except AssertionError as error:
            error.add_note(f"cart {number} : {lines}, {reduction}")
            raise


def an_amount(chance: random.Random) -> Decimal:
    """Of all sizes, so that small ones meet large ones in one cart."""
    return Decimal(chance.randrange(10 ** chance.randint(0, 9))) * FILS


def a_value(kind: ReductionKind, chance: random.Random) -> Decimal:
    return Decimal(chance.randint(0, 100_000)) * FILS if kind is ReductionKind.PERCENTAGE else an_amount(chance)


def check(lines: Sequence[Decimal], reduction: Reduction | None, shipping: Decimal, step: Decimal) -> None:
    found = totals(lines, reduction=reduction, shipping=shipping, step=step)
    assert found.subtotal == sum(lines)
    assert found.shipping == shipping
    assert sum(lines) + shipping - found.discount == found.total >= 0
    assert len(found.line_discounts) == len(lines)
    assert all(0 <= part <= line for part, line in zip(found.line_discounts, lines, strict=True))
    assert sum(found.line_discounts) + found.shipping_discount == found.discount
    assert 0 <= found.shipping_discount <= shipping
    assert all(is_in_fils(amount) for amount in (*every_amount_of(found), found.shipping_discount))
    check_reduction(found, reduction, step)


def check_reduction(found: Totals, reduction: Reduction | None, step: Decimal) -> None:
    """What is taken off is what the discount says, and off nothing else."""
    off_lines = sum(found.line_discounts)
    if reduction is None:
        assert found.discount == 0
    elif reduction.kind is ReductionKind.FREE_SHIPPING:
        assert (off_lines, found.discount) == (0, found.shipping)
    elif reduction.kind is ReductionKind.FIXED:
        assert off_lines == found.discount == min(reduction.value, found.subtotal)
    else:
        exact = found.subtotal * reduction.value / 100
        is_stepped = found.discount % step == 0 and -step / 2 < found.discount - exact <= step / 2
        assert off_lines == found.discount
        assert is_stepped or found.discount == found.subtotal


@settings(max_examples=1_000, deadline=None)
@given(st.lists(amounts, min_size=1, max_size=30), st.decimals(min_value=0, max_value=1, places=6))
def test_each_line_bears_its_share_to_less_than_a_fils(weights: Sequence[Decimal], part: Decimal) -> None:
    whole = sum(weights, ZERO)
    amount = (whole * part).quantize(FILS)
    parts = split(amount, weights)
    assert sum(parts) == amount
    for share, weight in zip(parts, weights, strict=True):
        assert share == 0 if not whole else abs(share * whole - amount * weight) < FILS * whole
    of_equals = sorted(zip(weights, parts, strict=True))
    assert all(one[1] <= other[1] + FILS for one, other in pairwise(of_equals))


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("0.100", ["1", "1", "1"], ["0.034", "0.033", "0.033"]),
        ("0.002", ["1", "1", "1"], ["0.001", "0.001", "0.000"]),
        ("1.000", ["0.001", "0", "2.999"], ["0.000", "0.000", "1.000"]),
        ("0.005", ["0.002", "0.004"], ["0.002", "0.003"]),
        ("0.000", ["0", "0"], ["0.000", "0.000"]),
        ("999999999.999", ["333333333.333", "666666666.666"], ["333333333.333", "666666666.666"]),
    ],
)
def test_an_amount_is_split_by_the_largest_remainder(amount: str, weights: list[str], parts: list[str]) -> None:
    found = split(Decimal(amount), [Decimal(weight) for weight in weights])
    assert [str(part) for part in found] == parts


@pytest.mark.parametrize(
    ("percentage", "step", "discount"),
    [
        ("10", "0.001", "0.475"),  # 0.4745 half-up
        ("10", "0.010", "0.470"),
        ("10", "0.250", "0.500"),
        ("100", "0.010", "4.745"),  # 4.750 would be more than there is
        ("0", "0.010", "0.000"),
        ("12.5", "0.001", "0.593"),
    ],
)
def test_a_percentage_is_rounded_half_up_to_what_can_be_paid(percentage: str, step: str, discount: str) -> None:
    reduction = Reduction(ReductionKind.PERCENTAGE, Decimal(percentage))
    found = totals([Decimal("4.745")], reduction=reduction, shipping=Decimal("1.5"), step=Decimal(step))
    assert str(found.discount) == discount
    assert found.total == Decimal("6.245") - found.discount


def test_free_shipping_takes_nothing_off_the_lines() -> None:
    lines = [Decimal("4.750"), Decimal("1.250")]
    found = totals(lines, reduction=Reduction(ReductionKind.FREE_SHIPPING), shipping=Decimal("2.000"))
    assert (found.discount, found.shipping, found.total) == (Decimal(2), Decimal(2), Decimal(6))
    assert list(found.line_discounts) == [0, 0]


def test_nothing_costs_less_than_nothing() -> None:
    found = totals([Decimal("3.000")], reduction=Reduction(ReductionKind.FIXED, Decimal(5)), shipping=Decimal("1.000"))
    assert (found.discount, found.total) == (Decimal(3), Decimal(1))
    assert str(totals([], reduction=None, shipping=ZERO).total) == "0.000"


def every_amount_of(found: Totals) -> Sequence[Decimal]:
    return (found.subtotal, found.discount, found.shipping, found.total, *found.line_discounts)


def is_in_fils(amount: Decimal) -> bool:
    return amount.as_tuple().exponent == -3
