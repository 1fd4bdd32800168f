"""The demo: people, tenants and catalogues, made by the product's own rules. Repeating it changes nothing."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bootstrap import Parts, build_parts
from cli.demo_data import (
    ACCOUNTS,
    FIRST_QUERY,
    PASSWORD,
    TENANTS,
    DemoAccount,
    DemoDiscount,
    DemoItem,
    DemoTenant,
    DemoVariant,
)
from cli.demo_profiles import DemoProfile
from cli.operators import create_operator
from db.models import Membership, new_id
from db.rows import rows_within
from db.session import AsyncSession, Scope
from domain import catalog_items, categories, discount_edits, payment_accounts, shipping_zones, tenants
from domain.actors import Actor, ActorKind
from domain.callers import TenantMoved, identify
from domain.catalog_variants import VariantFields
from domain.changes import ABSENT
from domain.discount_terms import NewDiscount, Value
from domain.identity import checked_sign_up
from domain.payment_gateways import Gateways
from domain.social_links import SocialLink
from domain.store_profiles import ProfileChanges
from domain.texts import LocalizedText
from settings import Settings


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to sign in as, with a token that is good already."""

    role: str
    email: str
    password: str
    access_token: str
    tenant_slug: str | None


@dataclass(frozen=True, slots=True)
class Demo:
    """Everybody in the demo, and a query to begin with."""

    people: tuple[DemoPerson, ...]
    first_query: str = FIRST_QUERY

    def as_state(self) -> dict[str, Any]:
        """What `.dev/state.json` tells of it."""
        owners = [person for person in self.people if person.role.endswith("owner")]
        operator = next(person for person in self.people if person.role == "platform operator")
        return {
            "tenants": [
                {
                    "slug": owner.tenant_slug,
                    "owner_email": owner.email,
                    "password": owner.password,
                    "access_token": owner.access_token,
                }
                for owner in owners
            ],
            "platform": {
                "email": operator.email,
                "password": operator.password,
                "access_token": operator.access_token,
            },
            "people": [
                {
                    "role": person.role,
                    "email": person.email,
                    "password": person.password,
                    "access_token": person.access_token,
                    "tenant": person.tenant_slug,
                }
                for person in self.people
            ],
        }


async def seed_demo(settings: Settings) -> Demo:
    """Needs SADU_OWNER_DATABASE_URL for the operator. Refused in production: everybody knows its passwords."""
    if settings.env == "production":
        raise SystemExit("the demo is not for production: everybody knows its passwords")
    if settings.identity_provider != "local":
        raise SystemExit("the demo needs SADU_IDENTITY_PROVIDER=local: it signs people in without their passwords")
    parts = build_parts(settings)
    try:
        people = {account.email: await provide(parts, account) for account in ACCOUNTS}
        for tenant in TENANTS:
            await open_tenant(parts, tenant, people)
        await appoint_operator(settings)
        return Demo(tuple([await sign_in(parts, account, people[account.email]) for account in ACCOUNTS]))
    finally:
        await parts.close()


async def provide(parts: Parts, account: DemoAccount) -> uuid.UUID:
    given = checked_sign_up(email=account.email, password=PASSWORD, name=account.name, locale=account.locale)
    return await parts.identity.provision(given)


async def sign_in(parts: Parts, account: DemoAccount, person_id: uuid.UUID) -> DemoPerson:
    tokens = await parts.local.open_session(person_id)
    return DemoPerson(account.role, account.email, PASSWORD, tokens.access_token, account.tenant or None)


async def appoint_operator(settings: Settings) -> None:
    account = next(account for account in ACCOUNTS if account.role == "platform operator")
    await create_operator(settings, email=account.email, name=account.name, password=PASSWORD)


async def open_tenant(parts: Parts, demo: DemoTenant, people: Mapping[str, uuid.UUID]) -> None:
    """All of a tenant in one transaction, so that a demo that was interrupted is made whole by the next run."""
    if await is_known(parts, demo.slug):
        return
    tenant_id, staff = new_id(), [account for account in ACCOUNTS if account.tenant == demo.slug]
    owner = next(account for account in staff if account.role.endswith("owner"))
    founder = Actor(ActorKind.PERSON, person_id=people[owner.email])
    async with parts.database.write(Scope(tenant_id, founder.person_id)) as session:
        await tenants.create(session, actor=founder, tenant_id=tenant_id, given=new_tenant(demo))
        actor = Actor(ActorKind.PERSON, tenant_id, founder.person_id, "owner")
        told = tenants.TenantChanges(brand_primary=demo.colour, profile=profile(demo.profile))
        await tenants.update(session, actor=actor, changes=told)
        for account in staff:
            if account is not owner:
                session.add(Membership(tenant_id=tenant_id, person_id=people[account.email], role=account.role))
        await fill_shelves(session, actor, demo)
        await offer_ways_of_paying(session, actor, parts.gateways)
        for zone in demo.zones:
            await shipping_zones.save(session, actor=actor, given=zone)
        for discount in demo.discounts:
            await discount_edits.create(session, actor=actor, given=new_discount(discount))


async def offer_ways_of_paying(session: AsyncSession, actor: Actor, gateways: Gateways) -> None:
    """Those that take no money and need no account anywhere."""
    for provider in ("mock", "manual"):
        if gateways.capabilities(provider) is not None:
            await payment_accounts.enable(session, actor=actor, gateways=gateways, currency="KWD", provider=provider)


async def is_known(parts: Parts, slug: str) -> bool:
    """Whether the slug is somebody's; under another name by now, too."""
    async with parts.database.read(Scope()) as session:
        try:
            known = await identify(await rows_within(session), header_slug=None, host_slug=slug)
        except TenantMoved:
            return True
    return known.tenant is not None


def new_tenant(demo: DemoTenant) -> tenants.NewTenant:
    return tenants.NewTenant(
        slug=demo.slug,
        name=both(demo.name),
        contact_email=demo.contact_email,
        contact_phone=demo.phone,
        locale=demo.locale,
    )


def profile(demo: DemoProfile) -> ProfileChanges:
    texts = {name: both(text) for name, text in demo.texts.items()}
    links = [SocialLink(platform, url) for platform, url in demo.links.items()]
    return replace(ProfileChanges(social_links=links), **texts, **demo.numbers)


async def fill_shelves(session: AsyncSession, actor: Actor, demo: DemoTenant) -> None:
    shelves: dict[str, uuid.UUID] = {}
    for slug, name, parent in demo.categories:
        given = categories.NewCategory(name=both(name), slug=slug, parent_id=shelves.get(parent))
        shelves[slug] = (await categories.create(session, actor=actor, given=given)).id
    for item in reversed(demo.items):
        await catalog_items.create(session, actor=actor, given=new_item(item, shelves[item.category]))


def new_discount(demo: DemoDiscount) -> NewDiscount:
    percentage = Decimal(demo.percentage) if demo.percentage else None
    return NewDiscount(
        code=demo.code,
        title=both(demo.title),
        value=Value("percentage", percentage) if percentage else Value("free_shipping"),
        minimum_subtotal=Decimal(demo.minimum_subtotal) if demo.minimum_subtotal else None,
        usage_limit=demo.usage_limit,
        usage_limit_per_customer=demo.usage_limit_per_customer,
    )


def new_item(item: DemoItem, category_id: uuid.UUID) -> catalog_items.NewItem:
    given = catalog_items.NewItem(
        kind=item.kind,
        name=both(item.name),
        description=both(item.description),
        status=item.status,
        category_ids=[category_id],
    )
    fields = [variant_fields(variant) for variant in item.variants]
    return replace(given, only_variant=fields[0]) if len(fields) == 1 else replace(given, variants=fields)


def variant_fields(variant: DemoVariant) -> VariantFields:
    return VariantFields(
        price=Decimal(variant.price),
        compare_at_price=Decimal(variant.compare_at_price) if variant.compare_at_price else None,
        sku=variant.sku,
        stock=variant.stock,
        name=both(variant.name) if variant.name else ABSENT,
    )


def both(texts: tuple[str, str]) -> LocalizedText:
    return LocalizedText(en=texts[0], ar=texts[1])
