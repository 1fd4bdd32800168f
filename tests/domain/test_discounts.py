"""Uses of discounts below the API: counted exactly, however many come at once and in whatever order they end."""

import uuid
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bootstrap import Parts
from db.models import Customer, Discount, DiscountUse, new_id
from db.session import AsyncSession
from domain import discount_edits, discounts
from domain.actors import Actor
from domain.discount_codes import code_in_one_spelling
from domain.discount_edits import DiscountFilter
from domain.discount_terms import DiscountChanges, NewDiscount, Value
from domain.errors import AccessDenied, FaultCode, UserFault
from domain.pages import PageRequest
from domain.pricing import Reduction, ReductionKind
from domain.texts import LocalizedText
from tests.support.discounts import Counter, an_order, at_once, found_by, use_for
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by, writing

EMAIL = "fahad@shoppers.test"


@pytest.fixture
def counter(parts: Parts, shop: Shop) -> Counter:
    return Counter(parts, shop)


def tally(outcomes: list[object]) -> Tally[object]:
    """How many orders were placed, and how many were refused for what."""
    kinds: list[object] = [each.code if isinstance(each, UserFault) else type(each) for each in outcomes]
    return Tally(kinds)


async def test_a_hundred_at_once_use_a_code_limited_to_ten_exactly_ten_times(counter: Counter) -> None:
    """Mission C3."""
    made = await counter.make(usage_limit=10)
    outcomes = await at_once(*(partial(counter.use, email=f"{n}@shoppers.test") for n in range(100)))
    assert tally(outcomes) == {uuid.UUID: 10, FaultCode.DISCOUNT_USED_UP: 90}
    assert await counter.uses(made) == (10, 10)


async def test_one_customer_uses_it_as_often_as_one_may_however_many_at_once(
    counter: Counter, factory: Factory
) -> None:
    """Mission C3: as a guest and as a customer at once, by the address that they have proven, whatever they write."""
    made = await counter.make(usage_limit_per_customer=2)
    member = await factory.customer(counter.shop)
    customer = await as_customer(counter, member.person.id)
    own = member.person.email
    outcomes = await at_once(
        *(partial(counter.use, email=own) for _ in range(10)),
        *(partial(counter.use, email=f"{n}@elsewhere.test", actor=customer) for n in range(10)),
        partial(counter.use, email="somebody@else.test"),
    )
    assert tally(outcomes) == {uuid.UUID: 3, FaultCode.DISCOUNT_LIMIT_PER_CUSTOMER: 18}
    assert await counter.uses(made) == (3, 3)


async def as_customer(counter: Counter, person_id: uuid.UUID) -> Actor:
    async with counter.parts.database.read(counter.shop.actor.scope) as session:
        found = (await session.execute(select(Customer.id).where(Customer.person_id == person_id))).scalar_one()
    return replace(counter.shop.guest, person_id=person_id, customer_id=found)


async def test_a_use_of_one_customer_is_seen_by_those_who_waited_for_it(counter: Counter) -> None:
    """Both were found to be good before either was counted."""
    made = await counter.make(usage_limit_per_customer=1)
    async with counter.parts.database.write(counter.shop.actor.scope) as session:
        found = await found_by(session, counter.shop.guest, "SAVE10", EMAIL)
        assert found
        await ordering(counter, found, session)
        waiting = writing(counter.parts.database, counter.shop, partial(ordering, counter, found))
        await when_blocked_by(session)
    with pytest.raises(UserFault) as raised:
        await waiting
    assert raised.value.code is FaultCode.DISCOUNT_LIMIT_PER_CUSTOMER
    assert await counter.uses(made) == (1, 1)


async def ordering(counter: Counter, found: discounts.Discount, session: AsyncSession) -> None:
    """A guest's order that uses what was found before."""
    order_id = new_id()
    await use_for(session, counter.shop.guest, found, order_id, EMAIL)
    session.add(an_order(counter.shop, order_id, EMAIL))


async def test_a_use_is_given_back_once_however_many_ask_at_once(counter: Counter) -> None:
    """Mission C3, C6."""
    made = await counter.make(usage_limit=2)
    first, second = [await counter.use(email=f"{n}@shoppers.test") for n in range(2)]
    give_back = partial(counter.write, partial(discounts.give_back, order_id=first))
    assert set(await at_once(*[give_back] * 8)) == {None}
    assert await counter.uses(made) == (1, 1)
    await give_back()
    await counter.write(partial(discounts.give_back, order_id=new_id()))
    assert await counter.uses(made) == (1, 1)
    third = await counter.use(email="3@shoppers.test")
    assert len({first, second, third}) == 3
    assert await counter.uses(made) == (2, 2)


async def test_an_order_that_is_taken_up_again_uses_it_again_within_its_limits(counter: Counter) -> None:
    """Mission C3, C6: once, however many ask."""
    made = await counter.make(usage_limit=1, usage_limit_per_customer=1)
    order_id = await counter.use(email=EMAIL)
    again = partial(counter.write, partial(discounts.use_again, order_id=order_id))
    assert await again() is True
    await counter.write(partial(discounts.give_back, order_id=order_id))
    assert set(await at_once(*[again] * 8)) == {True}
    assert await counter.uses(made) == (1, 1)

    await counter.write(partial(discounts.give_back, order_id=order_id))
    other = await counter.use(email=EMAIL)
    assert await again() is False
    assert await counter.uses(made) == (1, 1)
    await counter.write(lambda s: s.execute(update(Discount).where(Discount.id == made).values(usage_limit=2)))
    assert await again() is False, "the customer has used it by the other order"
    await counter.write(partial(discounts.give_back, order_id=other))
    await disable(counter, made)
    assert await again() is True, "it was placed in time"
    assert await counter.write(partial(discounts.use_again, order_id=new_id())) is True


async def disable(counter: Counter, made: uuid.UUID) -> None:
    changes = DiscountChanges(is_enabled=False)
    await counter.write(
        lambda s: discount_edits.update(s, actor=counter.shop.actor, discount_id=made, version=1, changes=changes)
    )


async def test_a_use_that_lasts_is_not_counted_again(counter: Counter) -> None:
    """Mission C3: without a limit that would stop it."""
    made = await counter.make()
    again = partial(counter.write, partial(discounts.use_again, order_id=await counter.use(email=EMAIL)))
    assert set(await at_once(*[again] * 4)) == {True}
    assert await counter.uses(made) == (1, 1)


@pytest.mark.parametrize("step", [discounts.give_back, discounts.use_again])
async def test_whoever_waits_for_a_discount_holds_no_use_of_it(counter: Counter, step: Any) -> None:
    """Else giving back and taking up would wait in a circle."""
    made = await counter.make()
    order_id = await counter.use(email=EMAIL)
    async with counter.parts.database.write(counter.shop.actor.scope) as session:
        await session.execute(select(Discount.id).where(Discount.id == made).with_for_update(key_share=True))
        stepping = writing(counter.parts.database, counter.shop, partial(step, order_id=order_id))
        await when_blocked_by(session)
        own = select(DiscountUse.order_id).where(DiscountUse.order_id == order_id)
        await session.execute(own.with_for_update(nowait=True))
    await stepping


async def test_each_function_of_the_back_office_asks_what_the_actor_may(counter: Counter) -> None:
    made, guest = await counter.make(), counter.shop.guest
    wanted, page = DiscountFilter(), PageRequest(1)
    new = NewDiscount("OTHER", LocalizedText("Other", None), Value("free_shipping"))
    works: list[Callable[[AsyncSession], Awaitable[Any]]] = [
        lambda s: discount_edits.create(s, actor=guest, given=new),
        lambda s: discount_edits.update(s, actor=guest, discount_id=made, version=1, changes=DiscountChanges()),
        lambda s: discount_edits.delete(s, actor=guest, discount_id=made),
        lambda s: discount_edits.list_discounts(s, actor=guest, page=page, wanted=wanted),
        lambda s: discount_edits.count_discounts(s, actor=guest, wanted=wanted),
        lambda s: discount_edits.find_discount(s, actor=guest, discount_id=made),
    ]
    for work in works:
        with pytest.raises(AccessDenied):
            await counter.write(work)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (DiscountChanges(value=Value("percentage", Decimal(50))), FaultCode.STALE),
        (DiscountChanges(is_enabled=False), FaultCode.NOT_FOUND),
        (DiscountChanges(minimum_subtotal=Decimal(11)), FaultCode.DISCOUNT_MINIMUM_NOT_REACHED),
    ],
)
async def test_an_order_is_judged_by_the_discount_as_it_is_when_it_is_placed(
    counter: Counter, changes: DiscountChanges, expected: FaultCode
) -> None:
    """Mission C3: staff change it between the order's look at it and its use."""
    made = await counter.make()
    async with counter.parts.database.read(counter.shop.guest.scope) as session:
        found = await found_by(session, counter.shop.guest, "save10", EMAIL)
    assert found
    await counter.write(
        lambda s: discount_edits.update(s, actor=counter.shop.actor, discount_id=made, version=1, changes=changes)
    )
    with pytest.raises(UserFault) as raised:
        await counter.write(partial(ordering, counter, found))
    assert (raised.value.code, raised.value.field) == (expected, ("discountCode",))
    assert await counter.uses(made) == (0, 0)


async def test_an_order_that_comes_to_nothing_leaves_no_use(counter: Counter) -> None:
    made = await counter.make(usage_limit=1)

    async def broken(session: AsyncSession) -> None:
        found = await found_by(session, counter.shop.guest, "SAVE10", EMAIL)
        assert found
        await ordering(counter, found, session)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await counter.write(broken)
    assert await counter.uses(made) == (0, 0)
    await counter.use(email=EMAIL)


async def test_what_an_order_is_about_to_use_is_not_deleted(counter: Counter) -> None:
    made = await counter.make()
    delete = partial(discount_edits.delete, actor=counter.shop.actor, discount_id=made)
    async with counter.parts.database.write(counter.shop.actor.scope) as session:
        found = await found_by(session, counter.shop.guest, "SAVE10", None)
        assert found
        await ordering(counter, found, session)
        deleting = writing(counter.parts.database, counter.shop, delete)
        await when_blocked_by(session)
    with pytest.raises(UserFault) as raised:
        await deleting
    assert raised.value.code is FaultCode.IN_USE


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Value("percentage", Decimal("12.5")), Reduction(ReductionKind.PERCENTAGE, Decimal("12.50"))),
        (Value("fixed", Decimal("1.5")), Reduction(ReductionKind.FIXED, Decimal("1.500"))),
        (Value("free_shipping"), Reduction(ReductionKind.FREE_SHIPPING)),
    ],
)
async def test_what_it_takes_off_is_what_prices_are_worked_out_with(
    counter: Counter, value: Value, expected: Reduction
) -> None:
    await counter.make(value=value)
    async with counter.parts.database.read(counter.shop.guest.scope) as session:
        found = await found_by(session, counter.shop.guest, "SAVE10", None)
    assert found
    assert discounts.reduction_of(found) == expected


SPELLINGS = {
    "SAVE10": [
        "save10",
        " Save 10 ",
        "SAVE\u200b10",
        "\u200fSAVE١٠\u200e",
        "ＳＡＶＥ10",
        "save۱۰",
        "S\u00adAVE\t10\n",
        "\ufeffsave10",
    ],
    "خصم10": ["خصم١٠", "خـــصم 10", "خَصْم10", "\u2067خصم10\u2069", "خصم۱۰"],
    "A-B_C": ["a-b_c"],
}
NO_CODES = [
    "",
    "AB",
    "A" * 41,
    "A" * 300,
    "SAVE'10",
    'SAVE"10',
    "SAVE%",
    "SAV\u041510",
    "日本語",
    "A\u0307BCD",
    "\ud800\ud800\ud800",
    "AB\x00C",
    "A;B--C/*",
]


@pytest.mark.parametrize(("code", "typed"), [(code, typed) for code, ways in SPELLINGS.items() for typed in ways])
def test_a_code_has_one_spelling(code: str, typed: str) -> None:
    """Mission C3."""
    assert code_in_one_spelling(typed) == code


@pytest.mark.parametrize("typed", NO_CODES)
def test_what_is_no_code(typed: str) -> None:
    assert code_in_one_spelling(typed) is None


@given(st.text(max_size=60))
def test_the_one_spelling_is_spelt_as_itself(typed: str) -> None:
    code = code_in_one_spelling(typed)
    assert code is None or code_in_one_spelling(code) == code
