"""The shops that are measured: ten of 1,000 items, and thousands of small ones that must not slow them down."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.security.roles import connected
from gql.ids import global_id

TENANTS, ITEMS = 10, 1_000
HUGE = 1_000_000_000
"""A limited stock that no run sells out."""
FIRST_NUMBER = 1_000


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant as its clients know it."""

    slug: str
    id: str
    currency: str
    items: list[str]
    """Slugs of its items."""
    variants: list[str]
    """Identifiers of the variants that never sell out."""
    prices: dict[str, str]
    """What those cost."""
    limited: str
    """One of them that has a stock."""
    rate: str
    """How things get to Kuwait."""
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    """What somebody known there sends: an access token as `person`, an API key as `key`."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What requests ask for; a file takes it to the other processes."""

    shops: list[Shop]

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> "Catalogue":
        return cls([Shop(**shop) for shop in json.loads(file.read_text(encoding="utf-8"))["shops"]])


# Identifiers that are the same in every run, in the order of creation as UUIDv7 are.
IDENTIFIER = """
CREATE OR REPLACE FUNCTION pg_temp.identifier(label text, moment bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(1760000000000 + moment), 12, '0') || '7' || substr(md5(label), 1, 3) || '8'
            || substr(md5(label), 4, 15))::uuid $$
"""

TENANT_ROWS = """
INSERT INTO tenants (id, slug, name_en, name_ar, locale)
SELECT pg_temp.identifier('tenant ' || t, t), 'bench-' || t, 'Shop ' || t, 'متجر ' || t, 'ar'
FROM generate_series({first}, {last}) t
"""

CATEGORY_ROWS = """
INSERT INTO categories (tenant_id, id, parent_id, slug, name_en, name_ar, position)
SELECT pg_temp.identifier('tenant ' || t, t), pg_temp.identifier('category ' || t || ' ' || c, c),
       CASE WHEN c > 5 THEN pg_temp.identifier('category ' || t || ' ' || c - 5, c - 5) END,
       'category-' || c, 'Category ' || c, 'قسم ' || c, c
FROM generate_series({first}, {last}) t, generate_series(1, 10) c ORDER BY c
"""

ITEM_ROWS = """
INSERT INTO catalog_items (tenant_id, id, kind, status, slug, name_en, name_ar, description_en, description_ar,
                           created_at, updated_at)
SELECT pg_temp.identifier('tenant ' || t, t), pg_temp.identifier('item ' || t || ' ' || p, p * 61000), 'product',
       'active', 'item-number-' || p, 'Item number ' || p || ' of a fine kind',
       CASE WHEN p % 10 > 0 THEN 'صنف رقم ' || p || ' من نوع جيد' END,
       repeat('A fine description of the item. ', 12), repeat('وصف جميل لهذا الصنف. ', 12),
       '2026-01-01T00:00:00.25Z'::timestamptz + p * interval '61 seconds',
       '2026-01-01T00:00:00.25Z'::timestamptz + p * interval '61 seconds'
FROM generate_series({first}, {last}) t, generate_series(1, {items}) p ORDER BY p, t
"""

VARIANT_ROWS = f"""
INSERT INTO catalog_variants (tenant_id, id, item_id, sku, name_en, name_ar, price, compare_at_price, stock, position)
SELECT pg_temp.identifier('tenant ' || t, t),
       pg_temp.identifier('variant ' || t || ' ' || p || ' ' || v, p * 61000 + v),
       pg_temp.identifier('item ' || t || ' ' || p, p * 61000),
       CASE WHEN p % 7 > 0 THEN 'SKU-' || p || '-' || v END,
       CASE WHEN p % 3 > 0 THEN 'Size ' || v END, CASE WHEN p % 3 > 0 THEN 'مقاس ' || v END,
       (p * 7919 % 100000) / 1000.0 + v, CASE WHEN p % 4 = 0 THEN (p * 7919 % 100000) / 1000.0 + v + 1.5 END,
       CASE (p + v) % 5 WHEN 0 THEN NULL WHEN 1 THEN {HUGE} WHEN 2 THEN {HUGE} WHEN 3 THEN 3 ELSE (p + v) % 2 * 40 END,
       v
FROM generate_series({{first}}, {{last}}) t, generate_series(1, {{items}}) p, generate_series(1, 1 + p % 3) v
ORDER BY p, t, v
"""

PLACE_ROWS = """
INSERT INTO catalog_item_categories (tenant_id, item_id, category_id, item_created_at, item_status)
SELECT pg_temp.identifier('tenant ' || t, t), pg_temp.identifier('item ' || t || ' ' || p, p * 61000),
       pg_temp.identifier('category ' || t || ' ' || c, c),
       '2026-01-01T00:00:00.25Z'::timestamptz + p * interval '61 seconds', 'active'
FROM generate_series({first}, {last}) t, generate_series(1, {items}) p,
     LATERAL (SELECT p % 10 + 1 UNION SELECT p * 3 % 10 + 1 WHERE p % 2 = 0) AS stands(c) ORDER BY p, t
"""

ORDER_ROWS = """
INSERT INTO orders (tenant_id, id, number, status, customer_name, customer_email, locale, currency, total, placed_at)
SELECT pg_temp.identifier('tenant ' || t, t), pg_temp.identifier('order ' || t || ' ' || n, n * 61000),
       {first_number} + n, 'pending', 'Noura', 'noura' || n || '@people.test', 'ar', 'KWD', 4.750,
       '2026-01-01T00:00:00Z'::timestamptz + n * interval '61 seconds'
FROM generate_series({first}, {last}) t, generate_series(1, {items} / 4) n ORDER BY n, t
"""

COUNTER_ROWS = """
INSERT INTO counters (tenant_id, name, value)
SELECT pg_temp.identifier('tenant ' || t, t), 'order', {first_number} + {items} / 4
FROM generate_series({first}, {last}) t
"""

# What a checkout asks for: a zone with a rate, and a way of paying.
ZONE_ROWS = """
INSERT INTO shipping_zones (tenant_id, id, name_en, position, countries)
SELECT pg_temp.identifier('tenant ' || t, t), pg_temp.identifier('zone ' || t, t), 'Kuwait', 0, ARRAY['KW']
FROM generate_series({first}, {last}) t
"""

ZONE_PLACE_ROWS = """
INSERT INTO shipping_zone_places (tenant_id, key, zone_id)
SELECT pg_temp.identifier('tenant ' || t, t), 'KW', pg_temp.identifier('zone ' || t, t)
FROM generate_series({first}, {last}) t
"""

RATE_ROWS = """
INSERT INTO shipping_rates (tenant_id, id, zone_id, position, provider, name_en, name_ar, price, estimate_min_days,
                            estimate_max_days)
SELECT pg_temp.identifier('tenant ' || t, t), pg_temp.identifier('rate ' || t, t),
       pg_temp.identifier('zone ' || t, t), 0, 'own_delivery', 'Standard', 'عادي', 1.500, 1, 3
FROM generate_series({first}, {last}) t
"""

ACCOUNT_ROWS = """
INSERT INTO payment_accounts (tenant_id, id, provider, is_enabled)
SELECT pg_temp.identifier('tenant ' || t, t), pg_temp.identifier('account ' || t, t), 'manual', true
FROM generate_series({first}, {last}) t
"""

ALL_ROWS = (
    TENANT_ROWS,
    CATEGORY_ROWS,
    ITEM_ROWS,
    VARIANT_ROWS,
    PLACE_ROWS,
    ORDER_ROWS,
    COUNTER_ROWS,
    ZONE_ROWS,
    ZONE_PLACE_ROWS,
    RATE_ROWS,
    ACCOUNT_ROWS,
)


async def fill(admin_url: str, database: str, *, first: int, last: int, items: int) -> None:
    """Make the tenants `first` to `last`. As superuser, because nobody else may write for many tenants at once."""
    async with connected(admin_url, database) as connection:
        # Also turns off the checks of foreign keys, and what triggers copy: these rows are right, and one by one they
        # would take minutes.
        await connection.execute(text("SET session_replication_role = replica"))
        await connection.exec_driver_sql(IDENTIFIER)
        for rows in ALL_ROWS:
            statement = rows.format(first=first, last=last, items=items, first_number=FIRST_NUMBER)
            await connection.exec_driver_sql(statement)
        await connection.execute(text("VACUUM (ANALYZE)"))


async def read_catalogue(admin_url: str, database: str) -> Catalogue:
    """The ten tenants that are asked."""
    async with connected(admin_url, database) as connection:
        slugs = [f"bench-{number}" for number in range(1, TENANTS + 1)]
        tenants = await connection.execute(
            text("SELECT id, slug, currency FROM tenants WHERE slug = ANY(:slugs) ORDER BY slug"), {"slugs": slugs}
        )
        return Catalogue([await shop_of(connection, *row) for row in tenants.tuples()])


async def shop_of(connection: AsyncConnection, tenant_id: UUID, slug: str, currency: str) -> Shop:
    tenant = {"tenant": tenant_id}
    items = await connection.execute(
        text("SELECT slug FROM catalog_items WHERE tenant_id = :tenant ORDER BY id"), tenant
    )
    variants = await connection.execute(
        text(
            "SELECT id, price, stock FROM catalog_variants "
            "WHERE tenant_id = :tenant AND coalesce(stock, :huge) >= :huge ORDER BY id"
        ),
        {**tenant, "huge": HUGE},
    )
    known = [(str(global_id("variant", variant.id)), str(variant.price), variant.stock) for variant in variants]
    rates = await connection.execute(text("SELECT id FROM shipping_rates WHERE tenant_id = :tenant"), tenant)
    return Shop(
        slug,
        str(tenant_id),
        currency,
        items=[str(item) for item in items.scalars()],
        variants=[variant for variant, _, _ in known],
        prices={variant: price for variant, price, _ in known},
        limited=next(variant for variant, _, stock in known if stock is not None),
        rate=str(global_id("rate", rates.scalar_one())),
    )
