"""A tenant with something of everything, so that whatever is asked of it has a rich answer."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import cycle, islice

import orjson
from sqlalchemy import text

from bootstrap import Parts
from db.models import CatalogItem, CatalogVariant
from db.rows import rows_within
from db.session import AsyncSession
from domain import catalog, catalog_items, catalog_variants, categories, invitations, metadata, orders
from domain.catalog_items import NewItem
from domain.catalog_variants import VariantFields
from domain.categories import NewCategory
from domain.changes import ABSENT
from domain.errors import UserFault, UserFaults
from domain.metadata import Side
from domain.order_submission import Customer, NewOrder, NewOrderLine, submit
from domain.pages import encode_cursor
from domain.signing import Signer
from domain.texts import LocalizedText
from gql.ids import global_id
from tests.support.factories import Shop

STOCKS = cycle((None, 0, 3, 40, None, 7))
NAMES = cycle((("Ajwa dates", "تمر عجوة"), ("Coffee", None), (None, "قهوة"), ('Box of "mixed" sweets', "حلويات")))
STATUSES = cycle(("active", "active", "draft", "active", "active", "active"))
KINDS = cycle(("product", "service", "product", "project"))


async def furnish(parts: Parts, shop: Shop, *, items: int = 14) -> Mapping[str, Sequence[str]]:
    """What exists then, as literals for the arguments of fields by name."""
    shelves = await furnish_categories(parts, shop)
    made = [await furnish_item(parts, shop, shelves, number) for number in range(items)]
    placed = await furnish_orders(parts, shop, [row for rows in made for row in rows[1]])
    tokens = [await furnish_invitation(parts, shop, number) for number in range(3)]
    async with parts.database.read(shop.actor.scope) as session:
        items_found = (await session.execute(text("SELECT id, slug, created_at FROM catalog_items"))).all()
        slugs = list((await session.execute(text("SELECT slug FROM categories"))).scalars())
    ids = [global_id("item", row.id) for row in items_found] + [global_id("category", each) for each in shelves]
    ids += [global_id("variant", row) for _, rows in made for row in rows] + [global_id("order", row) for row in placed]
    ids += [global_id("order", uuid.uuid4()), "nothing", ""]
    cursors = [encode_cursor(row.created_at, row.id) for row in items_found]
    return {
        "id": literals(ids),
        "ids": literals(ids),
        "slug": literals([*(row.slug for row in items_found), *slugs, "nowhere"]),
        "category": literals([*slugs, "nowhere"]),
        "externalReference": literals(["of nobody"]),
        "key": literals(["colour", "size", "nothing"]),
        "tag": literals(["gift", "SALE", "of nobody"]),
        "tags": literals(["gift", "SALE"]),
        "query": literals(["", *(word for row in items_found for word in row.slug.split("-"))]),
        "gte": ["0", "5"],
        "lte": ["5", "7.750"],
        "width": ["1", "640"],
        "total": literals(["4.750", "0.005"]),
        **dict.fromkeys(("source", "medium", "campaign"), literals(["instagram", "of nobody"])),
        **dict.fromkeys(("since", "until"), literals(["2026-11-21T04:28:47+00:00"])),
        "code": literals(["SAVE10", "of nobody"]),
        "codePrefix": literals(["SAVE", "x"]),
        "country": ['"KW"', '"SA"', '"nowhere"'],
        "area": ['"Salmiya"', '"السالمية"', '"nowhere"'],
        "subtotal": ['"10"', '"0.5"'],
        "token": literals([*tokens, "of nobody"]),
        "act": literals(["team.invite", "tenant.create", "nothing"]),
        "first": ["0", "1", "2", "3", "5", "20"],
        "after": literals([*cursors, *cursors, "of nobody"]),
    }


def literals(values: Sequence[object]) -> list[str]:
    return [orjson.dumps(str(each)).decode() for each in values]


async def furnish_categories(parts: Parts, shop: Shop) -> list[uuid.UUID]:
    """Two trees of three levels, the second in one language."""
    found: list[uuid.UUID] = []
    async with parts.database.write(shop.actor.scope) as session:
        for number, above in enumerate((None, 0, 1, None, 3, 0)):
            name = LocalizedText(f"Shelf {number}", "رف" if number < 3 else None)
            given = NewCategory(name, parent_id=None if above is None else found[above])
            found.append((await categories.create(session, actor=shop.actor, given=given)).id)
    return found


async def furnish_invitation(parts: Parts, shop: Shop, number: int) -> str:
    """An open invitation; its token."""
    signer, email = Signer(b"a secret of the tests"), f"colleague-{number}@people.test"
    async with parts.database.write(shop.actor.scope) as session:
        made = await invitations.create(session, actor=shop.actor, signer=signer, email=email, role="member")
    return invitations.token_of(signer, made.id, sends=1)


async def furnish_item(
    parts: Parts, shop: Shop, shelves: Sequence[uuid.UUID], number: int
) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """An item of one to four variants, some of them archived; its identifier and theirs."""
    names = list(islice(NAMES, 5))
    variants = [variant(place, name) for place, name in enumerate(names[: number % 4 + 1])]
    given = NewItem(
        kind=next(KINDS),
        name=LocalizedText(*names[4]),
        description=LocalizedText("Several\nlines", None) if number % 3 == 0 else None,
        status=next(STATUSES),
        category_ids=[shelves[each % len(shelves)] for each in range(number, number + number % 4)],
        tags=["Gift", "sale", f"own {number}"][: number % 4],
        variants=variants,
    )
    async with parts.database.write(shop.actor.scope) as session:
        item = await catalog_items.create(session, actor=shop.actor, given=given)
        rows = (await catalog.variants_of(session, [item.id]))[item.id]
        await furnish_metadata(session, shop, Side(CatalogItem, item.id, is_private=number % 3 == 1))
        await furnish_metadata(session, shop, Side(CatalogVariant, rows[0].id, is_private=number % 3 == 2))
        if len(rows) > 2:
            await catalog_variants.archive(session, actor=shop.actor, variant_id=rows[1].id, item_version=None)
    return item.id, [row.id for row in rows]


async def furnish_metadata(session: AsyncSession, shop: Shop, side: Side) -> None:
    entries = [("colour", "dark"), ("size", f"{side.owner_id}")]
    await metadata.set_entries(session, actor=shop.actor, side=side, entries=entries)


def variant(place: int, name: tuple[str | None, str | None]) -> VariantFields:
    return VariantFields(
        price=Decimal("4.750") + place,
        compare_at_price=Decimal("9.125") if place % 2 else ABSENT,
        sku=secrets.token_hex(4) if place != 2 else ABSENT,
        stock=next(STOCKS),
        name=LocalizedText(*name),
    )


async def furnish_orders(parts: Parts, shop: Shop, variants: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Orders in every status, of what could be had."""
    for number, row_id in enumerate(variants):
        order = NewOrder(
            Customer("Sara", "sara@people.test"),
            [NewOrderLine(row_id, 1 + number % 2)],
            note="Ring twice" if number % 2 else None,
        )
        try:
            async with parts.database.write(shop.guest.scope) as session:
                rows, key = await rows_within(session), secrets.token_urlsafe(24)
                await submit(rows, actor=shop.guest, given=order, idempotency_key=key)
        except (UserFault, UserFaults):  # not on sale
            continue
    async with parts.database.write(shop.actor.scope) as session:
        placed = list((await session.execute(text("SELECT id FROM orders ORDER BY number"))).scalars())
        for number, order_id in enumerate(placed):
            if number % 4 == 1:
                await orders.cancel(session, actor=shop.actor, order_id=order_id, reason="Changed their mind")
            elif number % 4:
                await orders.confirm(session, actor=shop.actor, order_id=order_id)
            if number % 4 == 3:
                await orders.fulfil(session, actor=shop.actor, order_id=order_id)
    return placed
