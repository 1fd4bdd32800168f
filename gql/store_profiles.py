"""What a store tells about itself: who it is, how to reach it, how to pay, and its policies."""

from collections.abc import Sequence
from enum import Enum

import strawberry

from db.models import StoreProfile as StoreProfileRow
from domain import store_profiles
from domain.changes import ABSENT, Absent
from domain.social_links import SocialLink as SocialLinkValue
from domain.store_profiles import ProfileChanges
from domain.texts import LocalizedText as LocalizedTextValue
from gql.context import Info
from gql.cost import usually
from gql.maybe import CLEARS, NOT_NULL, given, given_value
from gql.publicity import PUBLIC
from gql.scalars import LocalizedText, LocalizedTextInput, localized


@strawberry.enum(description="A social platform. More values may come.")
class SocialPlatform(Enum):
    FACEBOOK = strawberry.enum_value("facebook", description="facebook.com, fb.com.")
    INSTAGRAM = strawberry.enum_value("instagram", description="instagram.com.")
    LINKEDIN = strawberry.enum_value("linkedin", description="linkedin.com.")
    PINTEREST = strawberry.enum_value("pinterest", description="pinterest.com.")
    SNAPCHAT = strawberry.enum_value("snapchat", description="snapchat.com.")
    TELEGRAM = strawberry.enum_value("telegram", description="t.me, telegram.me.")
    THREADS = strawberry.enum_value("threads", description="threads.net, threads.com.")
    TIKTOK = strawberry.enum_value("tiktok", description="tiktok.com.")
    X = strawberry.enum_value("x", description="x.com, twitter.com.")
    YOUTUBE = strawberry.enum_value("youtube", description="youtube.com, youtu.be.")


@strawberry.type(description="A store's place on a social platform.")
class SocialLink:
    platform: SocialPlatform = strawberry.field(description="Where it leads.", directives=[PUBLIC])
    url: str = strawberry.field(
        description="`https` address of a page on a host of the platform, up to 500 characters.", directives=[PUBLIC]
    )


@strawberry.type(
    description="What a store tells about itself. Texts are plain, with line breaks where they are long, and null "
    "where nothing was written."
)
class StoreProfile:
    about: LocalizedText | None = strawberry.field(description="Who they are.", directives=[PUBLIC])
    contact_address: LocalizedText | None = strawberry.field(description="Where they are.", directives=[PUBLIC])
    opening_hours: LocalizedText | None = strawberry.field(description="When they are open.", directives=[PUBLIC])
    payment_instructions: LocalizedText | None = strawberry.field(
        description="How an order is paid that is not paid online; mailed with the order, too.", directives=[PUBLIC]
    )
    returns_policy: LocalizedText | None = strawberry.field(
        description="What may be given back, and until when.", directives=[PUBLIC]
    )
    privacy_policy: LocalizedText | None = strawberry.field(
        description="What becomes of personal data.", directives=[PUBLIC]
    )
    shipping_policy: LocalizedText | None = strawberry.field(
        description="Where things are sent, and how long it takes.", directives=[PUBLIC]
    )
    terms: LocalizedText | None = strawberry.field(description="Terms of service.", directives=[PUBLIC])
    whatsapp_number: str | None = strawberry.field(
        description="Such as `+96550001234`; `https://wa.me/` and its digits open a chat.", directives=[PUBLIC]
    )
    commercial_registration: str | None = strawberry.field(
        description="Number in the commercial register.", directives=[PUBLIC]
    )
    tax_number: str | None = strawberry.field(description="Number that taxes are paid under.", directives=[PUBLIC])
    charity_permit: str | None = strawberry.field(
        description="Number of the permit to collect donations.", directives=[PUBLIC]
    )
    social_links: list[SocialLink] = strawberry.field(
        description="One of each platform at most, in the order to show.", directives=[PUBLIC, usually(5)]
    )


@strawberry.type(description="What the request's store tells about itself.")
class StoreProfileFields:
    @strawberry.field(description="About the store, its policies, and where else to find it.", directives=[PUBLIC])
    async def profile(self, info: Info) -> StoreProfile:
        tenant = info.context.tenant
        row = await info.context.loaders.of(store_profiles.by_tenant).load(tenant.id)
        return profile_of(row, tenant.locale)


async def payment_instructions(info: Info) -> LocalizedText | None:
    """Those of the request's store."""
    tenant = info.context.tenant
    row = await info.context.loaders.of(store_profiles.by_tenant).load(tenant.id)
    return text_or_none(row.payment_instructions_en, row.payment_instructions_ar, tenant.locale) if row else None


def profile_of(row: StoreProfileRow | None, locale: str) -> StoreProfile:
    """`locale` is the tenant's own. A store that has told nothing yet has a profile of nulls."""
    row = row or StoreProfileRow(social_links=[])
    return StoreProfile(
        about=text_or_none(row.about_en, row.about_ar, locale),
        contact_address=text_or_none(row.contact_address_en, row.contact_address_ar, locale),
        opening_hours=text_or_none(row.opening_hours_en, row.opening_hours_ar, locale),
        payment_instructions=text_or_none(row.payment_instructions_en, row.payment_instructions_ar, locale),
        returns_policy=text_or_none(row.returns_policy_en, row.returns_policy_ar, locale),
        privacy_policy=text_or_none(row.privacy_policy_en, row.privacy_policy_ar, locale),
        shipping_policy=text_or_none(row.shipping_policy_en, row.shipping_policy_ar, locale),
        terms=text_or_none(row.terms_en, row.terms_ar, locale),
        whatsapp_number=row.whatsapp_number,
        commercial_registration=row.commercial_registration,
        tax_number=row.tax_number,
        charity_permit=row.charity_permit,
        social_links=[
            SocialLink(platform=SocialPlatform(link["platform"]), url=link["url"]) for link in row.social_links
        ],
    )


def text_or_none(en: str | None, ar: str | None, locale: str | None = None) -> LocalizedText | None:
    return localized(en, ar, locale) if en or ar else None


@strawberry.input(description="A place on a social platform.")
class SocialLinkInput:
    platform: SocialPlatform = strawberry.field(description="Where it leads; each platform once.")
    url: str = strawberry.field(
        description="`https` address of a page on a host of the platform, up to 500 characters. No user, no port; "
        "quotation marks and what is not ASCII percent-encoded."
    )


@strawberry.input(
    description="What to change of the store's profile; fields left out stay. Links may stand in texts, markup is "
    "shown as it is written."
)
class StoreProfileInput:
    about: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Who you are, up to 5,000 characters in each language. Replaces both languages. {CLEARS}"
    )
    contact_address: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Where you are, up to 500 characters. Replaces both languages. {CLEARS}"
    )
    opening_hours: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"When you are open, up to 1,000 characters. Replaces both languages. {CLEARS}"
    )
    payment_instructions: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description="How an order is paid that is not paid online, up to 2,000 characters. Replaces both languages. "
        f"{CLEARS}"
    )
    returns_policy: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Up to 20,000 characters. Replaces both languages. {CLEARS}"
    )
    privacy_policy: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Up to 20,000 characters. Replaces both languages. {CLEARS}"
    )
    shipping_policy: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Up to 20,000 characters. Replaces both languages. {CLEARS}"
    )
    terms: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Terms of service, up to 20,000 characters. Replaces both languages. {CLEARS}"
    )
    whatsapp_number: strawberry.Maybe[str | None] = strawberry.field(
        description=f"With its country code; spaces, hyphens and brackets are dropped. {CLEARS}"
    )
    commercial_registration: strawberry.Maybe[str | None] = strawberry.field(
        description=f"Number in the commercial register, up to 50 characters. {CLEARS}"
    )
    tax_number: strawberry.Maybe[str | None] = strawberry.field(
        description=f"Number that taxes are paid under, up to 50 characters. {CLEARS}"
    )
    charity_permit: strawberry.Maybe[str | None] = strawberry.field(
        description=f"Number of the permit to collect donations, up to 50 characters. {CLEARS}"
    )
    social_links: strawberry.Maybe[list[SocialLinkInput] | None] = strawberry.field(
        description=f"All of them, in the order to show; an empty list clears. {NOT_NULL}"
    )


def profile_changes(changes: StoreProfileInput) -> ProfileChanges:
    links = given_value(changes.social_links, "profile", "socialLinks")
    return ProfileChanges(
        about=given_or_cleared(changes.about),
        contact_address=given_or_cleared(changes.contact_address),
        opening_hours=given_or_cleared(changes.opening_hours),
        payment_instructions=given_or_cleared(changes.payment_instructions),
        returns_policy=given_or_cleared(changes.returns_policy),
        privacy_policy=given_or_cleared(changes.privacy_policy),
        shipping_policy=given_or_cleared(changes.shipping_policy),
        terms=given_or_cleared(changes.terms),
        whatsapp_number=given(changes.whatsapp_number),
        commercial_registration=given(changes.commercial_registration),
        tax_number=given(changes.tax_number),
        charity_permit=given(changes.charity_permit),
        social_links=ABSENT if isinstance(links, Absent) else link_values(links),
    )


def link_values(links: Sequence[SocialLinkInput]) -> list[SocialLinkValue]:
    return [SocialLinkValue(str(link.platform.value), link.url) for link in links]


def given_or_cleared(maybe: strawberry.Maybe[LocalizedTextInput | None]) -> LocalizedTextValue | Absent | None:
    """A text in two languages that null clears."""
    sent = given(maybe)
    return sent.value() if isinstance(sent, LocalizedTextInput) else sent
