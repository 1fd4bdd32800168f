"""The rules of the catalogue: who may touch it, what a tree is, which steps there are, what a variant may be."""

import itertools
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import Parts
from db.queries.selections import selection
from db.rows import Rows, read_rows
from db.session import AsyncSession
from domain import catalog, catalog_items, catalog_variants, categories
from domain.actors import Actor, ActorKind
from domain.catalog import Availability, ItemFilter, availability
from domain.catalog_items import ITEM_STATUS, ItemChanges, ItemStep, NewItem, check_step, checked_new_item
from domain.catalog_variants import NOTHING_SAID, VariantFields, checked, checked_new
from domain.categories import CategoryChanges, NewCategory
from domain.category_tree import DEEPEST, CategoryTree
from domain.errors import AccessDenied, FaultCode, IllegalTransition, UserFault, UserFaults
from domain.pages import PageRequest
from domain.texts import LocalizedText
from tests.support.factories import Shop

NAME, NOBODY = LocalizedText(en="Name", ar=None), uuid.uuid4()
ID_ALONE = selection({"CatalogItem": ["id"]}, ["id"])

Call = Callable[[AsyncSession, Actor], Awaitable[object]]
MANAGING: list[Call] = [
    lambda s, a: catalog_items.create(s, actor=a, given=NewItem("product", NAME)),
    lambda s, a: catalog_items.update(s, actor=a, item_id=NOBODY, version=1, changes=ItemChanges()),
    lambda s, a: catalog_items.take_step(s, actor=a, item_id=NOBODY, step=ItemStep.ARCHIVE),
    lambda s, a: catalog_variants.create(s, actor=a, item_id=NOBODY, item_version=None, fields=NOTHING_SAID),
    lambda s, a: catalog_variants.update(s, actor=a, variant_id=NOBODY, item_version=None, fields=NOTHING_SAID),
    lambda s, a: catalog_variants.archive(s, actor=a, variant_id=NOBODY, item_version=None),
    lambda s, a: categories.create(s, actor=a, given=NewCategory(NAME)),
    lambda s, a: categories.update(s, actor=a, category_id=NOBODY, changes=CategoryChanges()),
    lambda s, a: categories.delete(s, actor=a, category_id=NOBODY),
]
READING: list[Call] = [
    lambda s, a: catalog.count_items(s, actor=a, wanted=ItemFilter()),
    lambda s, a: categories.list_roots(s, actor=a),
    lambda s, a: categories.find_category(s, actor=a, category_id=NOBODY),
]
READING_ROWS: list[Callable[[Rows, Actor], Awaitable[object]]] = [
    lambda r, a: catalog.list_items(r, actor=a, wanted=ItemFilter(), page=PageRequest(1), selection=ID_ALONE),
    lambda r, a: catalog.find_item(r, actor=a, item_id=NOBODY, selection=ID_ALONE),
]


def not_staff(shop: Shop) -> list[Actor]:
    customer = Actor(ActorKind.PERSON, shop.tenant.id, shop.owner.person.id, role=None)
    retired = Actor(ActorKind.PERSON, shop.tenant.id, shop.owner.person.id, role="retired")
    return [shop.guest, customer, retired]


@pytest.mark.parametrize("call", [*MANAGING, *READING])
async def test_the_permission_is_asked_before_anything_else(parts: Parts, shop: Shop, call: Call) -> None:
    for actor in not_staff(shop):
        async with parts.database.write(actor.scope) as session:
            with pytest.raises(AccessDenied):
                await call(session, actor)


@pytest.mark.parametrize("call", READING_ROWS)
async def test_the_permission_to_read_rows_is_asked_before_anything_else(
    parts: Parts, shop: Shop, call: Callable[[Rows, Actor], Awaitable[object]]
) -> None:
    for actor in not_staff(shop):
        async with read_rows(parts.database, actor.scope) as rows:
            with pytest.raises(AccessDenied):
                await call(rows, actor)


@pytest.mark.parametrize(
    ("stock", "bucket"),
    [
        (None, Availability.IN_STOCK),
        (6, Availability.IN_STOCK),
        (5, Availability.FEW_LEFT),
        (1, Availability.FEW_LEFT),
        (0, Availability.SOLD_OUT),
    ],
)
def test_a_stock_falls_in_one_of_three_buckets(stock: int | None, bucket: Availability) -> None:
    assert availability(stock) is bucket


def test_every_status_and_step_is_decided() -> None:
    assert ITEM_STATUS.steps == {
        "draft": ("active", "archived"),
        "active": ("draft", "archived"),
        "archived": ("draft",),
    }
    for current, step in itertools.product(ITEM_STATUS.steps, ItemStep):
        if current in step.origins:
            check_step(current, step)
            continue
        with pytest.raises(IllegalTransition) as raised:
            check_step(current, step)
        assert raised.value.allowed == ITEM_STATUS.steps[current]
        assert raised.value.current == current


@given(st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 12)), max_size=60))
def test_no_sequence_of_moves_breaks_the_tree(moves: list[tuple[int, int | None]]) -> None:
    keys = [uuid.UUID(int=number) for number in range(13)]
    parents: dict[uuid.UUID, uuid.UUID | None] = dict.fromkeys(keys)
    for number, target in moves:
        parent = None if target is None else keys[target]
        try:
            CategoryTree(parents).check_move(keys[number], parent)
        except UserFault:
            continue
        parents[keys[number]] = parent
        for key in keys:
            seen: list[uuid.UUID] = []
            at: uuid.UUID | None = key
            while at is not None:
                assert at not in seen, "a ring"
                seen.append(at)
                at = parents[at]
            assert len(seen) <= DEEPEST


def test_a_move_that_fits_is_never_refused() -> None:
    top, middle, leaf, other = (uuid.UUID(int=number) for number in range(4))
    tree = CategoryTree({top: None, middle: top, leaf: middle, other: None})
    assert (tree.height(top), tree.height(leaf), tree.path(leaf)) == (3, 1, [leaf, middle, top])
    for category, parent in ((top, other), (leaf, other), (leaf, None), (middle, None), (other, leaf), (leaf, middle)):
        tree.check_move(category, parent)


def test_a_tenant_has_a_thousand_categories() -> None:
    tree = CategoryTree({uuid.UUID(int=number): None for number in range(999)})
    tree.check_new(None)
    with pytest.raises(UserFault) as raised:
        CategoryTree({**tree.parents, uuid.UUID(int=999): None}).check_new(None)
    assert (raised.value.code, raised.value.field) == (FaultCode.LIMIT_REACHED, ())


def test_everything_wrong_about_a_new_item_is_told_at_once() -> None:
    wrong = NewItem(
        kind="product",
        name=LocalizedText(en="x" * 201, ar=None),
        slug="No Slug",
        description=LocalizedText(en="\x00", ar=None),
        status="archived",
        only_variant=VariantFields(price=Decimal("-1"), compare_at_price=Decimal("NaN"), sku="\n\n x\ny", stock=-1),
    )
    with pytest.raises(UserFaults) as raised:
        checked_new_item(wrong)
    assert {fault.field: fault.code for fault in raised.value.faults} == {
        ("name", "en"): FaultCode.TOO_LONG,
        ("slug",): FaultCode.INVALID,
        ("description", "en"): FaultCode.INVALID,
        ("status",): FaultCode.INVALID,
        ("price",): FaultCode.INVALID,
        ("compareAtPrice",): FaultCode.INVALID,
        ("sku",): FaultCode.INVALID,
        ("stock",): FaultCode.INVALID,
    }


texts = st.none() | st.text(max_size=80)


@given(
    price=st.decimals(allow_nan=True),
    compare_at=st.none() | st.decimals(allow_nan=True),
    sku=texts,
    stock=st.none() | st.integers(),
    names=st.tuples(texts, texts),
)
def test_a_variant_is_stored_as_the_database_wants_it_or_refused(
    price: Decimal, compare_at: Decimal | None, sku: str | None, stock: int | None, names: tuple[str | None, str | None]
) -> None:
    fields = VariantFields(price, compare_at, sku, stock, LocalizedText(*names))
    try:
        columns = checked_new(fields, "variants", "0", named=True)
    except (UserFault, UserFaults) as refusal:
        faults = refusal.faults if isinstance(refusal, UserFaults) else [refusal]
        assert all(fault.field[:2] == ("variants", "0") for fault in faults)
        return
    assert columns["price"] == price >= 0
    assert columns["compare_at_price"] is None or columns["compare_at_price"] > columns["price"]
    assert columns["stock"] is None or 0 <= columns["stock"] <= 1_000_000_000
    assert columns["sku"] is None or 1 <= len(columns["sku"]) <= 64
    assert columns["name_en"] or columns["name_ar"]


def test_what_was_not_sent_is_not_touched() -> None:
    assert checked(NOTHING_SAID) == {}
    assert checked(VariantFields(stock=None)) == {"stock": None}
    assert VariantFields(stock=None, compare_at_price=None).sent() == ["compareAtPrice", "stock"]
