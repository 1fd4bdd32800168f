"""Scalars, enums and small types that every context shares."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry
from graphql import FloatValueNode, GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.schema.types.base_scalars import DateTimeDefinition
from strawberry.types.scalar import ScalarDefinition

from domain.texts import LocalizedText as LocalizedTextValue
from gql.context import Info
from gql.publicity import PUBLIC

WRITTEN_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


def parse_moment(value: object) -> datetime:
    """The moment in UTC. One without an offset could be anybody's, and is refused."""
    if isinstance(value, str) and value.isascii():
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
    raise GraphQLError("Not a DateTime: write RFC 3339 with an offset, such as `2026-11-21T04:28:47+00:00`.")


def parse_decimal(value: object) -> Decimal:
    """A decimal from a variable: a string, or a whole number.

    A JSON number with a fraction was rounded to binary before we see it, so it is refused like anything inexact.
    """
    written = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not WRITTEN_DECIMAL.fullmatch(written):
        raise GraphQLError("Decimal cannot represent this value: send a string such as '4.750'.")
    return Decimal(written)


def parse_decimal_literal(node: ValueNode, _variables: object = None) -> Decimal:
    """A decimal from the document: a string or a number, by its text."""
    return parse_decimal(node.value if isinstance(node, StringValueNode | IntValueNode | FloatValueNode) else None)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: replace(
        DateTimeDefinition,
        description="A moment as RFC 3339 with its offset from UTC, such as `2026-11-21T04:28:47+00:00`.",
        parse_value=parse_moment,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number as a string, such as `4.750`. A variable must be a string or a whole "
        "number: JSON numbers with a fraction are not exact.",
        serialize=str,
        parse_value=parse_decimal,
        parse_literal=parse_decimal_literal,
    ),
}


def written(choice: Enum | None) -> str | None:
    """What the domain calls the value of an optional enum argument."""
    return str(choice.value) if choice else None


@strawberry.enum(description="A language of texts and mails.")
class Locale(Enum):
    AR = strawberry.enum_value("ar", description="Arabic, written from right to left.")
    EN = strawberry.enum_value("en", description="English.")


@strawberry.enum(description="Which way a text is read, as HTML's `dir` has it.")
class TextDirection(Enum):
    LTR = strawberry.enum_value("ltr", description="From left to right.")
    RTL = strawberry.enum_value("rtl", description="From right to left.")


@strawberry.enum(description="ISO 4217 code of a currency. Amounts always have three decimals. More values may come.")
class CurrencyCode(Enum):
    KWD = strawberry.enum_value("KWD", description="Kuwaiti dinar, 1,000 fils.")
    BHD = strawberry.enum_value("BHD", description="Bahraini dinar, 1,000 fils.")
    OMR = strawberry.enum_value("OMR", description="Omani rial, 1,000 baisa.")
    USD = strawberry.enum_value("USD", description="US dollar, 100 cents: prices of whole cents can be paid online.")


@strawberry.type(description="An amount of money.")
class Money:
    amount: Decimal = strawberry.field(description="With three decimals, such as `4.750`.", directives=[PUBLIC])
    currency: CurrencyCode = strawberry.field(description="The tenant's currency.", directives=[PUBLIC])


CURRENCIES = {str(code.value): code for code in CurrencyCode}


def money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=CURRENCIES[currency])


@strawberry.type(description="A text as it is to be shown, with all that its HTML element has to say of it.")
class ShownText:
    value: str = strawberry.field(
        description="The text, never null; empty where it has no language.", directives=[PUBLIC]
    )
    locale: Locale = strawberry.field(
        description="The language that it is in: the one that was wanted, unless there is only the other.",
        directives=[PUBLIC],
    )
    direction: TextDirection = strawberry.field(description="Of that language.", directives=[PUBLIC])
    is_fallback: bool = strawberry.field(
        description="The language that was wanted is missing, and this is the other one.", directives=[PUBLIC]
    )


DIRECTIONS = {Locale.AR: TextDirection.RTL, Locale.EN: TextDirection.LTR}
OTHER_LOCALE = {Locale.AR: Locale.EN, Locale.EN: Locale.AR}
LocaleWanted = Annotated[Locale | None, strawberry.argument(description="The language to prefer.")]


@strawberry.type(description="A text in Arabic and English.")
class LocalizedText:
    en: str | None = strawberry.field(description="English, if given.", directives=[PUBLIC])
    ar: str | None = strawberry.field(description="Arabic, if given.", directives=[PUBLIC])
    tenant_locale: strawberry.Private[str | None] = None

    @strawberry.field(
        description="The text in one language, by default its tenant's own, falling back to the other; never null.",
        directives=[PUBLIC],
    )
    def value(self, info: Info, locale: LocaleWanted = None) -> str:
        wanted = str(locale.value) if locale else requested_locale(info, self.tenant_locale)
        return LocalizedTextValue(en=self.en, ar=self.ar).in_locale(wanted)

    @strawberry.field(
        description="As `value`, and which language that is: all of one choice, so that they always fit each other.",
        directives=[PUBLIC],
    )
    def text(self, info: Info, locale: LocaleWanted = None) -> ShownText:
        wanted = locale or Locale(requested_locale(info, self.tenant_locale))
        return shown(LocalizedTextValue(en=self.en, ar=self.ar), wanted)


def shown(text: LocalizedTextValue, wanted: Locale) -> ShownText:
    value, is_fallback = text.chosen(str(wanted.value))
    given = OTHER_LOCALE[wanted] if is_fallback else wanted
    return ShownText(value=value, locale=given, direction=DIRECTIONS[given], is_fallback=is_fallback)


def requested_locale(info: Info, tenant_locale: str | None) -> str:
    """What the caller would rather read, or the language of the text's tenant, or that of the request's."""
    return (
        info.context.language
        or tenant_locale
        or (info.context.caller.tenant.locale if info.context.caller.tenant else "ar")
    )


def localized(en: str | None, ar: str | None, tenant_locale: str | None = None) -> LocalizedText:
    """`tenant_locale` is the language of the tenant whose text this is, where it may not be the request's tenant."""
    return LocalizedText(en=en, ar=ar, tenant_locale=tenant_locale)


@strawberry.input(description="A text in Arabic, in English, or in both.")
class LocalizedTextInput:
    en: str | None = strawberry.field(default=None, description="English.")
    ar: str | None = strawberry.field(default=None, description="Arabic.")

    def value(self) -> LocalizedTextValue:
        return LocalizedTextValue(en=self.en, ar=self.ar)
