"""What a store tells about itself: texts in both languages, where it is found, and by which numbers it is registered.

All of it is plain text and public. Links may stand in the long texts; a front end that makes them clickable must not
take them for HTML.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import StoreProfile
from domain.changes import ABSENT, Absent
from domain.errors import FaultCode, Faults, UserFault
from domain.social_links import SocialLink, checked_links
from domain.texts import LocalizedText, cleaned, cleaned_description

LONGEST_TEXTS: Mapping[str, int] = {
    "about": 5_000,
    "contact_address": 500,
    "opening_hours": 1_000,
    "payment_instructions": 2_000,
    "returns_policy": 20_000,
    "privacy_policy": 20_000,
    "shipping_policy": 20_000,
    "terms": 20_000,
}
"""Characters in each language."""
NUMBERS = ("commercial_registration", "tax_number", "charity_permit")
LONGEST_NUMBER = 50
WHATSAPP = re.compile(r"\+[1-9][0-9]{7,14}")


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """A partial update. A text that is sent replaces both languages; None clears."""

    about: LocalizedText | Absent | None = ABSENT
    contact_address: LocalizedText | Absent | None = ABSENT
    opening_hours: LocalizedText | Absent | None = ABSENT
    payment_instructions: LocalizedText | Absent | None = ABSENT
    returns_policy: LocalizedText | Absent | None = ABSENT
    privacy_policy: LocalizedText | Absent | None = ABSENT
    shipping_policy: LocalizedText | Absent | None = ABSENT
    terms: LocalizedText | Absent | None = ABSENT
    whatsapp_number: str | Absent | None = ABSENT
    commercial_registration: str | Absent | None = ABSENT
    tax_number: str | Absent | None = ABSENT
    charity_permit: str | Absent | None = ABSENT
    social_links: Sequence[SocialLink] | Absent = ABSENT

    @property
    def sent(self) -> list[str]:
        """Names of the fields that are touched."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not ABSENT]


def checked_changes(changes: ProfileChanges, *path: str) -> dict[str, object]:
    """The columns to write. Raises everything that is wrong at once."""
    faults, columns = Faults(), dict[str, object]()
    for name, longest in LONGEST_TEXTS.items():
        with faults.collecting():
            columns |= text_columns(name, getattr(changes, name), longest, *path, camel(name))
    for name in NUMBERS:
        with faults.collecting():
            number: str | Absent | None = getattr(changes, name)
            if not isinstance(number, Absent):
                columns[name] = cleaned(number, *path, camel(name), limit=LONGEST_NUMBER)
    with faults.collecting():
        if not isinstance(changes.whatsapp_number, Absent):
            columns["whatsapp_number"] = checked_whatsapp(changes.whatsapp_number, *path, "whatsappNumber")
    with faults.collecting():
        if not isinstance(changes.social_links, Absent):
            links = checked_links(changes.social_links, *path, "socialLinks")
            columns["social_links"] = [{"platform": link.platform, "url": link.url} for link in links]
    faults.raise_any()
    return columns


def text_columns(name: str, text: LocalizedText | Absent | None, longest: int, *field: str) -> dict[str, object]:
    if isinstance(text, Absent):
        return {}
    tidy = cleaned_description(text or LocalizedText(en=None, ar=None), *field, limit=longest)
    return {f"{name}_en": tidy.en, f"{name}_ar": tidy.ar}


def checked_whatsapp(number: str | None, *field: str) -> str | None:
    """As `https://wa.me/` wants it, but for the `+`: country code and number in digits alone."""
    tidy = cleaned(number, *field, limit=30)
    if tidy is None:
        return None
    bare = re.sub(r"[ ()-]", "", tidy)
    bare = f"+{bare[2:]}" if bare.startswith("00") else bare
    if not WHATSAPP.fullmatch(bare):
        raise UserFault(FaultCode.INVALID, "Write the number with its country code, such as +96550001234.", field)
    return bare


async def write(session: AsyncSession, *, tenant_id: uuid.UUID, columns: Mapping[str, object]) -> None:
    """Change the tenant's profile, whose row is there from the first change on. The caller holds the tenant's row."""
    profile = await session.get(StoreProfile, tenant_id) or StoreProfile(tenant_id=tenant_id)
    session.add(profile)
    for name, value in columns.items():
        setattr(profile, name, value)
    await session.flush()


async def by_tenant(session: AsyncSession, tenant_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, StoreProfile]:
    """For a loader; under row-level security that is the scope's own at most. None was written before one is there."""
    rows = await session.execute(select(StoreProfile).where(StoreProfile.tenant_id.in_(tenant_ids)))
    return {profile.tenant_id: profile for profile in rows.scalars()}


def camel(name: str) -> str:
    """A column as the API names it."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)
