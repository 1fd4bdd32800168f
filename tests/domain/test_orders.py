"""Orders below the API: the state machine, the arithmetic, what each function asks of its actor."""

import asyncio
import contextvars
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from bootstrap import Parts
from db.models import CatalogItem, CatalogVariant, IdempotencyRecord, Order, OrderLine, OutboxMessage, TimelineEntry
from db.rows import rows_within
from db.session import AsyncSession
from domain import catalog_items, orders, stock
from domain.actors import Actor, ActorKind
from domain.catalog_items import ItemChanges
from domain.catalog_variants import VariantFields
from domain.errors import AccessDenied, FaultCode, IllegalTransition, InsufficientStock, UserFault, UserFaults
from domain.money import LARGEST
from domain.order_placement import Offer, Wanted, priced_lines, subtotal_of
from domain.order_submission import (
    MOST_LINES,
    MOST_OF_ONE,
    Customer,
    NewOrder,
    NewOrderLine,
    checked_order,
    submit,
)
from domain.orders import ORDER_STATUS
from domain.pages import PageRequest
from domain.texts import LocalizedText
from tests.support.api import Api
from tests.support.factories import Factory, Shop
from tests.support.orders import OnSale, Till, new_key

STATUSES = ("pending", "confirmed", "fulfilled", "cancelled")
LEGAL = {
    ("pending", "confirmed"),
    ("pending", "cancelled"),
    ("confirmed", "fulfilled"),
    ("confirmed", "cancelled"),
}


@pytest.mark.parametrize(("current", "wanted"), list(product(STATUSES, STATUSES)))
def test_every_edge_of_the_state_machine(current: str, wanted: str) -> None:
    if (current, wanted) in LEGAL:
        ORDER_STATUS.check(current, wanted)
        return
    with pytest.raises(IllegalTransition) as raised:
        ORDER_STATUS.check(current, wanted, "id")
    assert (raised.value.current, raised.value.field) == (current, ("id",))
    assert set(raised.value.allowed) == {after for before, after in LEGAL if before == current}


def test_every_status_can_be_reached_and_every_road_ends() -> None:
    assert set(ORDER_STATUS.steps) == set(STATUSES)
    assert {after for _, after in LEGAL} | {"pending"} == set(STATUSES)
    assert [status for status, after in ORDER_STATUS.steps.items() if not after] == ["fulfilled", "cancelled"]


def offer(fils: int) -> Offer:
    price = (Decimal(fils) / 1000).quantize(Decimal("0.001"))
    return Offer(uuid.uuid4(), uuid.uuid4(), "product", None, LocalizedText("Thing", None), price, stock=None)


prices_and_quantities = st.lists(
    st.tuples(st.integers(0, 999_999_999_999), st.integers(1, MOST_OF_ONE)), min_size=1, max_size=MOST_LINES
)
modest = st.lists(st.tuples(st.integers(0, 9_999_999), st.integers(1, 1_000)), min_size=1, max_size=MOST_LINES)


@given(prices_and_quantities | modest)
def test_the_lines_sum_to_the_total_to_the_fils(chosen: Sequence[tuple[int, int]]) -> None:
    offers = [offer(fils) for fils, _ in chosen]
    wanted = [Wanted(each.variant_id, quantity) for each, (_, quantity) in zip(offers, chosen, strict=True)]
    in_fils = [fils * quantity for fils, quantity in chosen]
    most = int(LARGEST * 1000)
    too_dear = {("lines", str(place), "quantity") for place, fils in enumerate(in_fils) if fils > most}
    on_sale = {each.variant_id: each for each in offers}
    if too_dear:
        with pytest.raises(UserFaults) as raised:
            priced_lines(wanted, on_sale)
        assert {fault.field for fault in raised.value.faults} == too_dear
        return
    lines = priced_lines(wanted, on_sale)
    assert [int(line.total * 1000) for line in lines] == in_fils
    assert all(line.total.as_tuple().exponent == -3 for line in lines)
    if sum(in_fils) > most:
        with pytest.raises(UserFault):
            subtotal_of(lines)
    else:
        assert subtotal_of(lines) * 1000 == sum(in_fils)
        assert subtotal_of(lines) == sum(line.total for line in lines)


lines = st.builds(NewOrderLine, st.none() | st.uuids(), st.integers(-(2**31), 2**31 - 1))
customers = st.builds(Customer, st.text(max_size=300), st.text(max_size=400), st.none() | st.text(max_size=50))
new_orders = st.builds(NewOrder, customers, st.lists(lines, max_size=120), st.none() | st.text(max_size=3_000))


@given(new_orders, st.text(max_size=300))
def test_no_input_is_an_error_of_ours(new_order: NewOrder, key: str) -> None:
    with pytest.raises(UserFaults) as raised:
        checked_order(replace(new_order, locale="fr"), key)
    assert ("locale",) in {fault.field for fault in raised.value.faults}
    assert all(fault.field for fault in raised.value.faults)


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


def an_order(*sold: OnSale, quantity: int = 1) -> NewOrder:
    return NewOrder(
        Customer("Fahad", "fahad@shoppers.test"), [NewOrderLine(each.variant_id, quantity) for each in sold]
    )


async def placed(till: Till, *sold: OnSale, quantity: int = 1) -> Order:
    async with till.parts.database.write(till.shop.guest.scope) as session:
        given_order = an_order(*sold, quantity=quantity)
        return (
            await submit(
                await rows_within(session), actor=till.shop.guest, given=given_order, idempotency_key=new_key()
            )
        ).value


Call = Callable[[AsyncSession, Actor, uuid.UUID], Awaitable[object]]
CALLS: dict[str, Call] = {
    "list_orders": lambda session, actor, _: orders.list_orders(session, actor=actor, page=PageRequest(5), status=None),
    "count_orders": lambda session, actor, _: orders.count_orders(session, actor=actor, status=None),
    "find_order": lambda session, actor, order_id: orders.find_order(session, actor=actor, order_id=order_id),
    "confirm": lambda session, actor, order_id: orders.confirm(session, actor=actor, order_id=order_id),
    "fulfil": lambda session, actor, order_id: orders.fulfil(session, actor=actor, order_id=order_id),
    "cancel": lambda session, actor, order_id: orders.cancel(session, actor=actor, order_id=order_id, reason=None),
}


@pytest.mark.parametrize("name", list(CALLS))
async def test_without_the_permission_nothing_happens(till: Till, factory: Factory, name: str) -> None:
    order = await placed(till, await till.sell())
    stranger = Actor(ActorKind.PERSON, till.shop.tenant.id, (await factory.member()).person.id)
    for actor in (till.shop.guest, stranger, Actor(ActorKind.PERSON, till.shop.tenant.id, role="janitor")):
        async with till.parts.database.write(actor.scope) as session:
            with pytest.raises(AccessDenied):
                await CALLS[name](session, actor, order.id)
    async with till.parts.database.read(till.shop.actor.scope) as session:
        found = await orders.find_order(session, actor=till.shop.actor, order_id=order.id)
    assert found
    assert found.status == "pending"


async def test_an_order_needs_a_tenant(till: Till) -> None:
    nowhere = Actor(ActorKind.GUEST)
    async with till.parts.database.write(till.shop.guest.scope) as session:
        with pytest.raises(AccessDenied):
            await submit(
                await rows_within(session), actor=nowhere, given=an_order(nothing_on_sale()), idempotency_key=new_key()
            )


def nothing_on_sale() -> OnSale:
    return OnSale(uuid.uuid4(), uuid.uuid4(), uuid.uuid4())


async def test_a_refused_order_leaves_nothing_behind(till: Till) -> None:
    ample, scarce = await till.sell(stock=5), await till.sell(stock=1)
    tables = (Order, OrderLine, OutboxMessage, TimelineEntry, IdempotencyRecord)
    with pytest.raises(UserFaults) as raised:
        await placed(till, ample, scarce, quantity=2)

    assert [type(fault) for fault in raised.value.faults] == [InsufficientStock]
    async with till.parts.database.read(till.shop.actor.scope) as session:
        for table in tables:
            assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 0
    assert (await till.left(ample), await till.left(scarce)) == (5, 1)


async def test_a_cancelled_order_holds_no_stock_any_more(till: Till) -> None:
    sold, unlimited = await till.sell(stock=5), await till.sell(stock=None)
    order = await placed(till, sold, unlimited, quantity=2)
    assert await held(till, order) == [2, 0]

    async with till.parts.database.write(till.shop.actor.scope) as session:
        await orders.cancel(session, actor=till.shop.actor, order_id=order.id, reason="mistake")

    assert await held(till, order) == [0, 0]
    assert await till.left(sold) == 5


async def held(till: Till, order: Order) -> list[int]:
    async with till.parts.database.read(till.shop.actor.scope) as session:
        return [line.stock_held for line in (await orders.lines_of(session, [order.id]))[order.id]]


async def placed_while(till: Till, sold: OnSale, **columns: object) -> Order:
    """An order of one, given while another transaction changes the variant and has not committed yet."""
    changed = asyncio.Event()

    async def order() -> Order:
        await changed.wait()
        return await placed(till, sold)

    ordering = asyncio.create_task(order())
    async with till.parts.database.write(till.shop.actor.scope) as session:
        change = update(CatalogVariant).where(CatalogVariant.id == sold.variant_id).values(**columns)
        await session.execute(change)
        changed.set()
        await asyncio.wait({ordering}, timeout=0.3)
        assert not ordering.done()
    return await ordering


async def test_an_order_sees_what_happened_to_the_stock_while_it_waited(till: Till) -> None:
    sold_out, archived, became_unlimited = [await till.sell(stock=5) for _ in range(3)]

    with pytest.raises(UserFaults) as short:
        await placed_while(till, sold_out, stock=0)
    with pytest.raises(UserFaults) as gone:
        await placed_while(till, archived, archived_at=func.now())
    order = await placed_while(till, became_unlimited, stock=None)

    assert [(fault.code, fault.field) for fault in short.value.faults] == [
        (FaultCode.INSUFFICIENT_STOCK, ("lines", "0", "quantity"))
    ]
    assert [(fault.code, fault.field) for fault in gone.value.faults] == [
        (FaultCode.NOT_FOUND, ("lines", "0", "variantId"))
    ]
    assert await held(till, order) == [0]
    assert [await till.left(each) for each in (sold_out, archived, became_unlimited)] == [0, 5, None]


async def test_an_order_takes_of_the_stock_that_came_back_while_it_waited(till: Till) -> None:
    """It begins to wait when none is left, and goes on when seven are: they must not be promised twice."""
    sold = await till.sell(stock=5)
    database, scope = till.parts.database, till.shop.actor.scope
    returned = asyncio.Event()

    async def others() -> None:
        """Another order takes the rest right after this one was offered it; then a cancellation gives seven back."""
        async with database.write(scope) as session:
            await session.execute(update(CatalogVariant).where(CatalogVariant.id == sold.variant_id).values(stock=0))
        async with database.write(scope) as session:
            await session.execute(update(CatalogVariant).where(CatalogVariant.id == sold.variant_id).values(stock=7))
            returned.set()
            await asyncio.sleep(0.3)

    async with database.write(till.shop.guest.scope) as session:
        rows = await rows_within(session)
        giving_back = asyncio.create_task(others(), context=contextvars.Context())
        await returned.wait()
        assert await stock.take(rows, {sold.variant_id: 3}) == {sold.variant_id}
    await giving_back
    assert await till.left(sold) == 4


async def test_confirming_and_cancelling_at_once_end_in_one_history(till: Till) -> None:
    sold = await till.sell(stock=100)
    made = [await placed(till, sold) for _ in range(8)]

    async def step(name: str, order: Order) -> None:
        async with till.parts.database.write(till.shop.actor.scope) as session:
            await CALLS[name](session, till.shop.actor, order.id)

    attempts = [step(name, order) for order in made for name in ("confirm", "cancel", "fulfil")]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)

    assert all(outcome is None or isinstance(outcome, IllegalTransition) for outcome in outcomes)
    async with till.parts.database.read(till.shop.actor.scope) as session:
        now = await orders.orders_by_id(session, [order.id for order in made])
        entries = (await session.execute(select(TimelineEntry).order_by(TimelineEntry.id))).scalars().all()
    for order in now.values():
        steps = [entry.details for entry in entries if entry.subject_id == order.id]
        assert [each.get("from") for each in steps] == [None, *(each["to"] for each in steps[:-1])]
        assert steps[-1]["to"] == order.status
    cancelled = sum(order.status == "cancelled" for order in now.values())
    assert await till.left(sold) == 100 - len(made) + cancelled


async def test_orders_and_catalogue_edits_never_wait_in_a_circle(till: Till) -> None:
    sold = [await till.sell(stock=1_000) for _ in range(3)]
    database, actor = till.parts.database, till.shop.actor

    async def order_and_cancel(*lines: OnSale) -> None:
        order = await placed(till, *lines)
        async with database.write(actor.scope) as session:
            await orders.cancel(session, actor=actor, order_id=order.id, reason=None)

    async def edit(each: OnSale, number: int) -> None:
        # New slugs and SKUs are changes of key, the strongest lock that an edit takes.
        fields = VariantFields(stock=1_000 + number, sku=f"{each.variant_id}-{number}")
        changes = ItemChanges(slug=f"{each.item_id}-{number}", only_variant=fields)
        async with database.write(actor.scope) as session:
            item = await session.get_one(CatalogItem, (each.tenant_id, each.item_id))
            await catalog_items.update(
                session, actor=actor, item_id=each.item_id, version=item.version, changes=changes
            )

    async def edits(each: OnSale) -> None:
        for number in range(10):
            await edit(each, number)

    ordering = [order_and_cancel(*(sold if number % 2 else sold[::-1])) for number in range(30)]
    await asyncio.gather(*ordering, *(edits(each) for each in sold))
