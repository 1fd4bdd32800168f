"""Tenants: creating an organisation, and its profile."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from zoneinfo import available_timezones

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import Membership, Tenant
from db.queries.identity import MembershipFound, memberships_of_person
from domain import audit, store_profiles
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.changes import ABSENT, Absent, unless_absent
from domain.emails import normalized_email
from domain.errors import FaultCode, Faults, UserFault
from domain.media_placements import attachable_or_none
from domain.slugs import slug_taken
from domain.store_profiles import ProfileChanges
from domain.tenant_slugs import leave_slug, lock_slugs, tenant_slug
from domain.texts import LINK, LocalizedText, cleaned, cleaned_name

MOST_TENANTS = 50
COLOUR = re.compile(r"#[0-9a-f]{6}")
PHONE = re.compile(r"\(?\+?\(?[0-9][0-9 ()-]{4,24}")


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What a person gives in order to open a shop or a charity."""

    slug: str
    name: LocalizedText
    contact_email: str | None = None
    contact_phone: str | None = None
    locale: str = "ar"
    time_zone: str = "Asia/Kuwait"
    currency: str = "KWD"


@dataclass(frozen=True, slots=True)
class TenantChanges:
    """A partial update of the profile."""

    slug: str | Absent = ABSENT
    name: LocalizedText | Absent = ABSENT
    contact_email: str | Absent | None = ABSENT
    contact_phone: str | Absent | None = ABSENT
    brand_primary: str | Absent | None = ABSENT
    brand_secondary: str | Absent | None = ABSENT
    logo_id: uuid.UUID | Absent | None = ABSENT
    locale: str | Absent = ABSENT
    time_zone: str | Absent = ABSENT
    profile: ProfileChanges | Absent = ABSENT


async def create(session: AsyncSession, *, actor: Actor, tenant_id: uuid.UUID, given: NewTenant) -> Tenant:
    """A tenant with its owner and defaults, isolated at once: the session's scope is already `tenant_id`.

    Faults: LIMIT_REACHED; RESERVED slug and everything invalid at once; TAKEN slug.
    """
    person_id = actor.person
    if await count_memberships(session) >= MOST_TENANTS:
        raise UserFault(FaultCode.LIMIT_REACHED, f"One person belongs to at most {MOST_TENANTS} tenants.")
    tenant = Tenant(id=tenant_id, currency=given.currency)
    profile = TenantChanges(
        slug=given.slug,
        name=given.name,
        contact_email=given.contact_email,
        contact_phone=given.contact_phone,
        locale=given.locale,
        time_zone=given.time_zone,
    )
    change(tenant, profile)
    await lock_slugs(session, tenant.slug)
    session.add(tenant)
    await flushed(session, {"uq_tenants_slug": slug_taken()})
    session.add(Membership(tenant_id=tenant_id, person_id=person_id, role="owner"))
    founder = replace(actor, tenant_id=tenant_id, role="owner", permissions=None)
    audit.record(session, actor=founder, act=Act.TENANT_CREATE, slug=tenant.slug)
    await session.flush()
    return tenant


async def memberships_by_person(
    session: AsyncSession, person_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[MembershipFound]]:
    """For a loader: the database answers whoever the transaction is scoped to of themselves alone."""
    return {each: await memberships_of_person(session, person_id=each) for each in person_ids}


async def update(session: AsyncSession, *, actor: Actor, changes: TenantChanges, version: int | None = None) -> Tenant:
    """Change the profile of the actor's tenant: all of it, or nothing. Edits wait for each other; one that changes
    nothing is none.

    Faults: STALE if a `version` is given that is not the current one; RESERVED slug and everything invalid at once;
    TAKEN slug; LIMIT_REACHED with more former slugs than a tenant keeps; NOT_FOUND or NOT_READY logo.
    """
    require(actor, Permission.TENANT_MANAGE)
    tenant = await session.get_one(Tenant, actor.tenant, with_for_update={"key_share": True})
    if version is not None and version != tenant.version:
        raise UserFault(FaultCode.STALE, "The profile was changed meanwhile: read it again.", ("version",))
    old_slug, faults, columns = tenant.slug, Faults(), dict[str, object]()
    with session.no_autoflush:
        with faults.collecting():
            change(tenant, changes)
        with faults.collecting():
            if not isinstance(changes.logo_id, Absent):
                tenant.logo_id = await attachable_or_none(session, changes.logo_id, "logoId")
        with faults.collecting():
            if not isinstance(changes.profile, Absent):
                columns = store_profiles.checked_changes(changes.profile, "profile")
        faults.raise_any()
        if not session.is_modified(tenant) and not columns:
            return tenant
        if tenant.slug != old_slug:
            await leave_slug(session, old=old_slug, new=tenant.slug)
    tenant.version += 1
    audit.record(session, actor=actor, act=Act.TENANT_UPDATE, fields=sent_fields(changes))
    await flushed(session, {"uq_tenants_slug": slug_taken()})
    if columns:
        await store_profiles.write(session, tenant_id=tenant.id, columns=columns)
    return tenant


def change(tenant: Tenant, changes: TenantChanges) -> None:
    """Set what was sent. Raises everything that is wrong with the input at once."""
    faults = Faults()
    with faults.collecting():
        if not isinstance(changes.slug, Absent):
            tenant.slug = tenant_slug(changes.slug)
    with faults.collecting():
        if not isinstance(changes.name, Absent):
            name = checked_tenant_name(changes.name)
            tenant.name_en, tenant.name_ar = name.en, name.ar
    with faults.collecting():
        if not isinstance(changes.contact_email, Absent):
            tenant.contact_email = checked_contact_email(changes.contact_email)
    with faults.collecting():
        if not isinstance(changes.contact_phone, Absent):
            tenant.contact_phone = checked_phone(changes.contact_phone, "contactPhone")
    with faults.collecting():
        if not isinstance(changes.brand_primary, Absent):
            tenant.brand_primary = checked_colour(changes.brand_primary, "brandPrimary")
    with faults.collecting():
        if not isinstance(changes.brand_secondary, Absent):
            tenant.brand_secondary = checked_colour(changes.brand_secondary, "brandSecondary")
    with faults.collecting():
        if not isinstance(changes.time_zone, Absent):
            tenant.time_zone = checked_time_zone(changes.time_zone)
    tenant.locale = unless_absent(changes.locale, tenant.locale)
    faults.raise_any()


async def by_id(session: AsyncSession, tenant_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Tenant]:
    """Profiles by id, for a loader; under row-level security that is the scope's own at most."""
    rows = await session.execute(select(Tenant).where(Tenant.id.in_(tenant_ids)))
    return {tenant.id: tenant for tenant in rows.scalars()}


async def count_memberships(session: AsyncSession) -> int:
    """How many tenants the scope's person belongs to."""
    return (await session.execute(text("SELECT count(*) FROM find_memberships()"))).scalar_one()


def sent_fields(changes: TenantChanges) -> list[str]:
    """Names of the fields that a change touches; their values are not for the audit log."""
    sent = [field.name for field in fields(changes) if getattr(changes, field.name) is not ABSENT]
    if not isinstance(changes.profile, Absent):
        sent = [name for name in sent if name != "profile"] + [f"profile.{name}" for name in changes.profile.sent]
    return sorted(sent)


def checked_tenant_name(name: LocalizedText) -> LocalizedText:
    """What mails to strangers are headed with, invitations above all: no place for an advertisement."""
    tidy = cleaned_name(name, "name")
    for locale, text_ in (("en", tidy.en), ("ar", tidy.ar)):
        if text_ is not None and LINK.search(text_):
            raise UserFault(FaultCode.INVALID, "A name contains no address.", ("name", locale))
    return tidy


def checked_contact_email(address: str | None) -> str | None:
    return normalized_email(address, "contactEmail") if address else None


def checked_phone(number: str | None, *field: str) -> str | None:
    """A telephone number as people write it: perhaps a `+`, then digits, spaces, hyphens and brackets."""
    tidy = cleaned(number, *field, limit=30)
    if tidy is not None and not PHONE.fullmatch(tidy):
        raise UserFault(FaultCode.INVALID, "Write a telephone number such as +965 5000 1234.", field)
    return tidy


def checked_colour(colour: str | None, *field: str) -> str | None:
    """A colour as `#rrggbb`, in lower case."""
    if colour is None:
        return None
    if not COLOUR.fullmatch(colour.lower()):
        raise UserFault(FaultCode.INVALID, "A colour is written #rrggbb.", field)
    return colour.lower()


@cache
def time_zones() -> frozenset[str]:
    """Read once: the library walks the folders of its data at each call. Without those that are no place on earth."""
    return frozenset(available_timezones()) - {"Factory", "localtime"}


def checked_time_zone(name: str) -> str:
    if name not in time_zones():
        raise UserFault(FaultCode.INVALID, "This is not an IANA time zone, such as Asia/Kuwait.", ("timeZone",))
    return name
