"""Factories: people, tenants and what they need, made in the database as the product makes them."""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import text

from bootstrap import Parts
from db.models import ApiKey, CatalogItem, CatalogVariant, Membership, Person, PersonSession, Tenant, new_id
from db.security.roles import connected
from db.session import Scope
from domain import api_keys, catalog, catalog_items, customers, tenants
from domain.actors import Actor, ActorKind
from domain.catalog_items import NewItem
from domain.catalog_variants import VariantFields
from domain.texts import LocalizedText
from gql.ids import global_id


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody signed in: a person with a token good for the API."""

    person: Person
    token: str
    session_id: object


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant with its owner."""

    tenant: Tenant
    owner: Member

    @property
    def slug(self) -> str:
        return self.tenant.slug

    @property
    def token(self) -> str:
        """The owner's token."""
        return self.owner.token

    @property
    def actor(self) -> Actor:
        """The owner, for calls of domain functions."""
        return Actor(ActorKind.PERSON, self.tenant.id, self.owner.person.id, "owner")

    @property
    def guest(self) -> Actor:
        """Somebody unknown in this shop."""
        return Actor(ActorKind.GUEST, self.tenant.id)


@dataclass(frozen=True, slots=True)
class Product:
    """An item of one variant."""

    item: CatalogItem
    variant: CatalogVariant

    @property
    def id(self) -> str:
        """The item's identifier as clients know it."""
        return str(global_id("item", self.item.id))

    @property
    def variant_id(self) -> str:
        """The variant's identifier as clients know it."""
        return str(global_id("variant", self.variant.id))


class Factory:
    """Makes what a test needs; every name is new, so that tests do not meet."""

    def __init__(self, parts: Parts, owner_url: str) -> None:
        self.parts = parts
        self.owner_url = owner_url

    @staticmethod
    def word() -> str:
        """A name that nobody else has, good in a slug and in an address."""
        return secrets.token_hex(6)

    async def member(self, name: str = "Noura Al-Sabah", *, locale: str = "en") -> Member:
        """A confirmed person, signed in."""
        person = Person(
            id=new_id(),
            subject=secrets.token_hex(16),
            email=f"{self.word()}@people.test",
            name=name,
            locale=locale,
            confirmed_at=datetime.now(UTC),
        )
        session_id = new_id()
        async with self.parts.database.write(Scope(person_id=person.id)) as session:
            session.add(person)
            await session.flush()
            session.add(
                PersonSession(person_id=person.id, id=session_id, expires_at=datetime.now(UTC) + timedelta(days=1))
            )
        return Member(person, self.sign(person, session_id), session_id)

    async def another_session(self, member: Member) -> Member:
        """The same person, signed in on another device."""
        person, session_id = member.person, new_id()
        async with self.parts.database.write(Scope(person_id=person.id)) as session:
            session.add(
                PersonSession(person_id=person.id, id=session_id, expires_at=datetime.now(UTC) + timedelta(days=1))
            )
        return Member(person, self.sign(person, session_id), session_id)

    def sign(self, person: Person, session_id: object) -> str:
        """An access token as the product signs it."""
        return self.parts.signer.sign(
            subject=person.subject,
            session_id=session_id,  # pyright: ignore[reportArgumentType]
            signed_in_at=datetime.now(UTC),
        )

    async def shop(
        self,
        *,
        slug: str | None = None,
        locale: str = "en",
        contact_email: str | None = None,
        currency: str = "KWD",
    ) -> Shop:
        """A tenant with an owner who is signed in."""
        owner = await self.member()
        tenant_id = new_id()
        slug = slug or f"shop-{self.word()}"
        given = tenants.NewTenant(
            slug=slug,
            name=LocalizedText(en=f"Shop {slug}", ar="متجر"),
            locale=locale,
            contact_email=contact_email or f"{slug}@shops.test",
            currency=currency,
        )
        scope = Scope(tenant_id, owner.person.id)
        async with self.parts.database.write(scope) as session:
            actor = Actor(ActorKind.PERSON, person_id=owner.person.id)
            made = await tenants.create(session, actor=actor, tenant_id=tenant_id, given=given)
        return Shop(made, owner)

    async def product(
        self,
        shop: Shop,
        *,
        name: str = "Ajwa dates",
        kind: str = "product",
        status: str = "active",
        price: str = "4.750",
        stock: int | None = None,
        category_ids: Sequence[uuid.UUID] = (),
    ) -> Product:
        """A simple item on the shelves of a shop."""
        given = NewItem(
            kind=kind,
            name=LocalizedText(en=name, ar="تمر عجوة"),
            status=status,
            category_ids=category_ids,
            only_variant=VariantFields(price=Decimal(price), stock=stock),
        )
        async with self.parts.database.write(shop.actor.scope) as session:
            item = await catalog_items.create(session, actor=shop.actor, given=given)
            variants = await catalog.variants_of(session, [item.id])
        return Product(item, variants[item.id][0])

    async def staff(self, shop: Shop, role: str) -> Member:
        """Another person of the tenant, with a role."""
        member = await self.member()
        async with self.parts.database.write(Scope(shop.tenant.id)) as session:
            session.add(Membership(tenant_id=shop.tenant.id, person_id=member.person.id, role=role))
        return member

    async def customer(self, shop: Shop, member: Member | None = None) -> Member:
        """A person who has registered at the shop."""
        member = member or await self.member()
        actor = Actor(ActorKind.PERSON, shop.tenant.id, member.person.id)
        async with self.parts.database.write(actor.scope) as session:
            await customers.register(session, actor=actor, given=customers.Registration(phone="+965 5000 1234"))
        return member

    async def api_key(self, shop: Shop, *scopes: str) -> Member:
        """A program of the shop's: the owner, who made it, but for the key in place of a token."""
        key = api_keys.new_key()
        row = ApiKey(tenant_id=shop.tenant.id, name="Program", hint=key[-4:], key_hash=api_keys.key_hash(key))
        row.scopes, row.created_by = list(scopes), shop.owner.person.id
        row.last_used_at = datetime.now(UTC) + timedelta(hours=1)  # until then its use is not noted
        async with self.parts.database.write(shop.actor.scope) as session:
            session.add(row)
        return replace(shop.owner, token=key)

    async def operator(self) -> Member:
        """One who runs the platform: written by the owner's login, as the command line does."""
        member = await self.member("Platform Operator")
        async with connected(self.owner_url) as connection:
            await connection.execute(
                text("INSERT INTO operators (person_id) VALUES (:person)"), {"person": member.person.id}
            )
        return member
