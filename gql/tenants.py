"""Tenants in the API: the profile, creating one, changing it."""

from datetime import datetime
from enum import Enum
from typing import cast

import strawberry

from db.models import Tenant as TenantRow
from db.models import new_id
from domain import media, store_profiles, tenants
from domain.actors import Permission
from domain.changes import ABSENT, Absent
from gql.access import PERSON, staff
from gql.context import Info
from gql.ids import global_id, row_id
from gql.images import Image, image_or_none
from gql.maybe import CLEARS, NOT_NULL, given, given_text, given_value
from gql.publicity import PUBLIC
from gql.roots import Payload, mutation
from gql.scalars import CurrencyCode, Locale, LocalizedText, LocalizedTextInput, localized
from gql.store_profiles import StoreProfile, StoreProfileInput, profile_changes, profile_of

PROFILE_VERSION = "Raised by each edit of the profile; send it with the next, so that nobody's is overwritten unseen."


@strawberry.enum(description="A tenant's standing with the platform.")
class TenantStatus(Enum):
    ACTIVE = strawberry.enum_value("active", description="Open for business.")
    SUSPENDED = strawberry.enum_value("suspended", description="Store and back office are refused.")
    DISABLED = strawberry.enum_value("disabled", description="As suspended; its owner cannot look in either.")


@strawberry.type(description="How a tenant shows itself.")
class ProfileFields:
    async def row(self, info: Info) -> TenantRow:
        """The profile of the request's tenant, read once a request."""
        found = await info.context.loaders.of(tenants.by_id).load(info.context.tenant.id)
        return cast("TenantRow", found)

    @strawberry.field(description="Identifier.", directives=[PUBLIC])
    async def id(self, info: Info) -> strawberry.ID:
        return global_id("tenant", (await self.row(info)).id)

    @strawberry.field(
        description="Name in addresses: `{slug}.<base domain>`, and the value of `Sadu-Tenant`.", directives=[PUBLIC]
    )
    async def slug(self, info: Info) -> str:
        return (await self.row(info)).slug

    @strawberry.field(description="Name of the shop or charity.", directives=[PUBLIC])
    async def name(self, info: Info) -> LocalizedText:
        row = await self.row(info)
        return localized(row.name_en, row.name_ar, row.locale)

    @strawberry.field(description="Where customers write to; orders are announced here.", directives=[PUBLIC])
    async def contact_email(self, info: Info) -> str | None:
        return (await self.row(info)).contact_email

    @strawberry.field(description="Where customers call.", directives=[PUBLIC])
    async def contact_phone(self, info: Info) -> str | None:
        return (await self.row(info)).contact_phone

    @strawberry.field(description="Main colour as `#rrggbb`.", directives=[PUBLIC])
    async def brand_primary(self, info: Info) -> str | None:
        return (await self.row(info)).brand_primary

    @strawberry.field(description="Second colour as `#rrggbb`.", directives=[PUBLIC])
    async def brand_secondary(self, info: Info) -> str | None:
        return (await self.row(info)).brand_secondary

    @strawberry.field(description="Its sign; null if there is none.", directives=[PUBLIC])
    async def logo(self, info: Info) -> Image | None:
        logo_id = (await self.row(info)).logo_id
        return image_or_none(await info.context.loaders.of(media.images_by_id).load(logo_id)) if logo_id else None

    @strawberry.field(description="Language that texts fall to when none is asked for.", directives=[PUBLIC])
    async def locale(self, info: Info) -> Locale:
        return Locale((await self.row(info)).locale)

    @strawberry.field(description="IANA name of the time zone that days are counted in.", directives=[PUBLIC])
    async def time_zone(self, info: Info) -> str:
        return (await self.row(info)).time_zone

    @strawberry.field(description="The currency of every price and order.", directives=[PUBLIC])
    async def currency(self, info: Info) -> CurrencyCode:
        return CurrencyCode((await self.row(info)).currency)


@strawberry.type(description="A shop or charity on the platform.")
class Tenant(ProfileFields):
    stored: strawberry.Private[TenantRow]

    async def row(self, info: Info) -> TenantRow:  # noqa: ARG002 - the same signature as the doors'
        return self.stored

    @strawberry.field(description="Standing with the platform.")
    def status(self) -> TenantStatus:
        return TenantStatus(self.stored.status)

    @strawberry.field(description=PROFILE_VERSION)
    def version(self) -> int:
        return self.stored.version

    @strawberry.field(description="When it was opened.")
    def created_at(self) -> datetime:
        return self.stored.created_at


@strawberry.input(description="A new shop or charity.")
class TenantCreateInput:
    slug: str = strawberry.field(
        description="3 to 40 lower-case letters, digits and single hyphens; unique on the platform, some are reserved."
    )
    name: LocalizedTextInput = strawberry.field(description="In at least one language, up to 200 characters.")
    contact_email: str | None = strawberry.field(default=None, description="Where customers write to.")
    contact_phone: str | None = strawberry.field(default=None, description="Where customers call.")
    locale: Locale = strawberry.field(default=Locale.AR, description="Default language.")
    time_zone: str = strawberry.field(default="Asia/Kuwait", description="IANA name.")
    currency: CurrencyCode = strawberry.field(
        default=CurrencyCode.KWD, description="Of every price; cannot be changed later."
    )


@strawberry.input(description="What to change; fields left out stay as they are.")
class TenantUpdateInput:
    version: int | None = strawberry.field(
        default=None, description="The version that the edit is based on; if sent, a stale one is refused."
    )
    slug: strawberry.Maybe[str | None] = strawberry.field(
        description="A new name in addresses. The old one leads here for a year, and nobody else can take it; a sixth "
        f"is refused, until one is let go by `tenantSlugRelease`. {NOT_NULL}"
    )
    name: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Replaces both languages; holds no address of a page. {NOT_NULL}"
    )
    contact_email: strawberry.Maybe[str | None] = strawberry.field(description=f"Where customers write to. {CLEARS}")
    contact_phone: strawberry.Maybe[str | None] = strawberry.field(description=f"Where customers call. {CLEARS}")
    brand_primary: strawberry.Maybe[str | None] = strawberry.field(description=f"Main colour, `#rrggbb`. {CLEARS}")
    brand_secondary: strawberry.Maybe[str | None] = strawberry.field(description=f"Second colour, `#rrggbb`. {CLEARS}")
    logo_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description=f"Its sign: a `Media` that is `READY`. {CLEARS}"
    )
    locale: strawberry.Maybe[Locale | None] = strawberry.field(description=f"Default language. {NOT_NULL}")
    time_zone: strawberry.Maybe[str | None] = strawberry.field(description=f"IANA name. {NOT_NULL}")
    profile: strawberry.Maybe[StoreProfileInput | None] = strawberry.field(
        description=f"What the store tells about itself. {NOT_NULL}"
    )


@strawberry.type(description="The tenant that was made or changed.")
class TenantPayload(Payload):
    tenant: Tenant | None = strawberry.field(default=None, description="Null when `userErrors` says why.")
    profile: StoreProfile | None = strawberry.field(
        default=None, description="What its store tells about itself; likewise null."
    )


@strawberry.type
class TenantMutation:
    @mutation(
        TenantPayload,
        access=PERSON,
        description="Open a shop or charity; the caller becomes its owner. Name it in `Sadu-Tenant` from then on.",
    )
    async def tenant_create(self, info: Info, input: TenantCreateInput) -> TenantPayload | None:
        tenant_id = new_id()
        async with info.context.write(tenant_id=tenant_id) as session:
            made = await tenants.create(session, actor=info.context.actor, tenant_id=tenant_id, given=new_tenant(input))
        return TenantPayload(tenant=Tenant(stored=made), profile=profile_of(None, made.locale))

    @mutation(
        TenantPayload, access=staff(Permission.TENANT_MANAGE), description="Change the profile of the request's tenant."
    )
    async def tenant_update(self, info: Info, input: TenantUpdateInput) -> TenantPayload | None:
        async with info.context.write() as session:
            changed = await tenants.update(
                session, actor=info.context.actor, changes=tenant_changes(input), version=input.version
            )
            told = (await store_profiles.by_tenant(session, [changed.id])).get(changed.id)
        return TenantPayload(tenant=Tenant(stored=changed), profile=profile_of(told, changed.locale))


def new_tenant(given_input: TenantCreateInput) -> tenants.NewTenant:
    return tenants.NewTenant(
        slug=given_input.slug,
        name=given_input.name.value(),
        contact_email=given_input.contact_email,
        contact_phone=given_input.contact_phone,
        locale=str(given_input.locale.value),
        time_zone=given_input.time_zone,
        currency=str(given_input.currency.value),
    )


def tenant_changes(changes: TenantUpdateInput) -> tenants.TenantChanges:
    locale, logo = given_value(changes.locale, "locale"), given(changes.logo_id)
    profile = given_value(changes.profile, "profile")
    return tenants.TenantChanges(
        slug=given_value(changes.slug, "slug"),
        name=given_text(changes.name, "name"),
        contact_email=given(changes.contact_email),
        contact_phone=given(changes.contact_phone),
        brand_primary=given(changes.brand_primary),
        brand_secondary=given(changes.brand_secondary),
        logo_id=row_id("media", logo, "logoId") if isinstance(logo, str) else logo,
        locale=ABSENT if isinstance(locale, Absent) else str(locale.value),
        time_zone=given_value(changes.time_zone, "timeZone"),
        profile=ABSENT if isinstance(profile, Absent) else profile_changes(profile),
    )
