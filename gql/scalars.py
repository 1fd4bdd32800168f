"""Scalars, enums and small types that every context shares."""

from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from domain.texts import LocalizedText as LocalizedTextValue
from gql.context import Info


def parse_decimal(value: object) -> Decimal:
    """A decimal from a string or a number; through `str`, so that 0.1 stays 0.1."""
    written = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    try:
        number = Decimal(written[:40])
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or len(written) > 40:
        raise GraphQLError("Decimal cannot represent this value: send a string such as '4.750'.")
    return number


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number as a string, such as `4.750`. Numbers are accepted as input, too.",
        serialize=str,
        parse_value=parse_decimal,
    ),
}


@strawberry.enum(description="A language of texts and mails.")
class Locale(Enum):
    AR = strawberry.enum_value("ar", description="Arabic, written from right to left.")
    EN = strawberry.enum_value("en", description="English.")


@strawberry.enum(description="ISO 4217 code of a currency of the Gulf. Amounts always have three decimals.")
class CurrencyCode(Enum):
    KWD = strawberry.enum_value("KWD", description="Kuwaiti dinar, 1,000 fils.")
    BHD = strawberry.enum_value("BHD", description="Bahraini dinar, 1,000 fils.")
    OMR = strawberry.enum_value("OMR", description="Omani rial, 1,000 baisa.")


@strawberry.type(description="An amount of money.")
class Money:
    amount: Decimal = strawberry.field(description="With three decimals, such as `4.750`.")
    currency: CurrencyCode = strawberry.field(description="The tenant's currency.")


def money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=CurrencyCode(currency))


@strawberry.type(description="A text in Arabic and English.")
class LocalizedText:
    en: str | None = strawberry.field(description="English, if given.")
    ar: str | None = strawberry.field(description="Arabic, if given.")

    @strawberry.field(
        description="The text in one language, by default the store's own, falling back to the other; never null."
    )
    def value(
        self,
        info: Info,
        locale: Annotated[Locale | None, strawberry.argument(description="The language to prefer.")] = None,
    ) -> str:
        wanted = str(locale.value) if locale else self.default_locale(info)
        return LocalizedTextValue(en=self.en, ar=self.ar).in_locale(wanted)

    @staticmethod
    def default_locale(info: Info) -> str:
        return info.context.caller.tenant.locale if info.context.caller.tenant else "ar"


def localized(en: str | None, ar: str | None) -> LocalizedText:
    return LocalizedText(en=en, ar=ar)


@strawberry.input(description="A text in Arabic, in English, or in both.")
class LocalizedTextInput:
    en: str | None = strawberry.field(default=None, description="English.")
    ar: str | None = strawberry.field(default=None, description="Arabic.")

    def value(self) -> LocalizedTextValue:
        return LocalizedTextValue(en=self.en, ar=self.ar)
