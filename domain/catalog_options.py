"""Options of an item, such as size and colour: what they may be, and how a variant picks a value of each."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogItem, CatalogOption, CatalogOptionValue, CatalogVariant, new_id
from db.models.catalog import CHOICES
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.texts import LocalizedText, cleaned_name

MOST_OPTIONS = 3
MOST_VALUES = 100
LONGEST_NAME = 100
COMBINATION_INDEX = "ix_catalog_variants_combination"


@dataclass(frozen=True, slots=True)
class ValueFields:
    """What is said of a value; `id` names one that there is already."""

    name: LocalizedText
    id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class OptionFields:
    """What is said of an option; `id` names one that there is already.

    Variants that exist when a new one is added pick the value at `default`, unless something else is said of them.
    """

    name: LocalizedText
    values: Sequence[ValueFields]
    id: uuid.UUID | None = None
    default: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is stored, or will be."""

    id: uuid.UUID
    name: LocalizedText

    def is_meant_by(self, given: str | uuid.UUID) -> bool:
        return given in (self.id, self.name.en, self.name.ar)


@dataclass(frozen=True, slots=True)
class Option:
    """An option as it is stored, or will be, with its values in their order."""

    id: uuid.UUID
    slot: int
    name: LocalizedText
    values: Sequence[Value]

    @property
    def column(self) -> str:
        """The column of the variants that holds what they pick of it."""
        return CHOICES[self.slot - 1]


async def options_of_item(session: AsyncSession, item_id: uuid.UUID) -> list[Option]:
    """The options of an item, in their order."""
    return (await options_of_items(session, [item_id]))[item_id]


async def options_of_items(session: AsyncSession, item_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Option]]:
    """The options of each of several items, in their order."""
    statement = (
        select(CatalogOption, CatalogOptionValue)
        .join(
            CatalogOptionValue,
            and_(CatalogOptionValue.item_id == CatalogOption.item_id, CatalogOptionValue.option_id == CatalogOption.id),
        )
        .where(CatalogOption.item_id.in_(item_ids))
        .order_by(CatalogOption.position, CatalogOption.slot, CatalogOptionValue.position, CatalogOptionValue.id)
    )
    options: dict[uuid.UUID, CatalogOption] = {}
    values: dict[uuid.UUID, list[Value]] = {}
    for option, value in await session.execute(statement):
        options[option.id] = option
        values.setdefault(option.id, []).append(Value(value.id, LocalizedText(value.name_en, value.name_ar)))
    found: dict[uuid.UUID, list[Option]] = {item_id: [] for item_id in item_ids}
    for option in options.values():
        name = LocalizedText(option.name_en, option.name_ar)
        found[option.item_id].append(Option(option.id, option.slot, name, values[option.id]))
    return found


def checked_new_options(given: Sequence[OptionFields], *path: str) -> list[Option]:
    """The options of a new item, with the identifiers that they will have. Raises everything that is wrong."""
    names = checked_option_names(given, *path)
    return [
        Option(new_id(), place + 1, name, [Value(new_id(), each) for each in values])
        for place, (name, values) in enumerate(names)
    ]


def checked_option_names(given: Sequence[OptionFields], *path: str) -> list[tuple[LocalizedText, list[LocalizedText]]]:
    """The names of options and of their values as they will be stored. Raises everything that is wrong with them."""
    if len(given) > MOST_OPTIONS:
        raise UserFault(FaultCode.TOO_LONG, f"An item has at most {MOST_OPTIONS} options.", path)
    faults = Faults()
    names: list[LocalizedText] = []
    values: list[list[LocalizedText]] = []
    with faults.collecting():
        names = checked_names([option.name for option in given], path, "name", "Two options have this name.")
    for place, option in enumerate(given):
        with faults.collecting():
            values.append(checked_value_names(option.values, (*path, str(place), "values")))
    faults.raise_any()
    return list(zip(names, values, strict=True))


def checked_value_names(given: Sequence[ValueFields], path: tuple[str, ...]) -> list[LocalizedText]:
    if not given:
        raise UserFault(FaultCode.REQUIRED, "An option has at least one value.", path)
    if len(given) > MOST_VALUES:
        raise UserFault(FaultCode.TOO_LONG, f"An option has at most {MOST_VALUES} values.", path)
    return checked_names([value.name for value in given], path, "name", "Two values have this name.")


def checked_names(given: Sequence[LocalizedText], path: tuple[str, ...], field: str, twice: str) -> list[LocalizedText]:
    """Names that tell what has them apart, in either language. Raises everything that is wrong with them."""
    faults = Faults()
    names: list[LocalizedText] = []
    taken: set[str] = set()
    for place, each in enumerate(given):
        with faults.collecting():
            name = cleaned_name(each, *path, str(place), field, limit=LONGEST_NAME)
            words = {word for word in (name.en, name.ar) if word is not None}
            if taken & words:
                raise UserFault(FaultCode.TAKEN, twice, (*path, str(place), field))
            taken |= words
            names.append(name)
    faults.raise_any()
    return names


def picked(options: Sequence[Option], given: Sequence[str | uuid.UUID], *path: str) -> list[Value]:
    """The values that were named, one of each option in their order. Raises everything that is wrong."""
    if len(given) != len(options):
        wanted = ", ".join(option.name.in_locale("en") for option in options)
        message = f"Pick one value of each option, in this order: {wanted}." if options else "The item has no options."
        raise UserFault(FaultCode.INVALID if given else FaultCode.REQUIRED, message, path)
    faults = Faults()
    found: list[Value] = []
    for place, (option, each) in enumerate(zip(options, given, strict=True)):
        value = next((value for value in option.values if value.is_meant_by(each)), None)
        if value is None:
            faults.found.append(not_found("value of this option", *path, str(place)))
        else:
            found.append(value)
    faults.raise_any()
    return found


def choice(options: Sequence[Option], values: Sequence[Value]) -> dict[str, Any]:
    """The columns of a variant that picks these values, one of each option."""
    picks = {option.column: value.id for option, value in zip(options, values, strict=True)}
    return {column: picks.get(column) for column in CHOICES}


def values_of(variant: CatalogVariant, options: Sequence[Option]) -> list[Value]:
    """What a variant picks, in the order of the options."""
    found: list[Value] = []
    for option in options:
        picks = getattr(variant, option.column)
        found.extend(value for value in option.values if value.id == picks)
    return found


def combination(columns: Mapping[str, Any]) -> tuple[uuid.UUID | None, ...]:
    """What must not be the same for two variants of an item that has options."""
    return tuple(columns.get(column) for column in CHOICES)


def combination_of(variant: CatalogVariant) -> tuple[uuid.UUID | None, ...]:
    return tuple(getattr(variant, column) for column in CHOICES)


def named_by(values: Sequence[Value]) -> dict[str, Any]:
    """The columns of a variant's name that is made of the values it picks: `Large / Red`."""
    names: dict[str, Any] = {"is_named_by_options": True}
    for locale, column in (("en", "name_en"), ("ar", "name_ar")):
        is_known = any(getattr(value.name, locale) for value in values)
        names[column] = " / ".join(value.name.in_locale(locale) for value in values) if is_known else None
    return names


def rows_of_options(item: CatalogItem, options: Sequence[Option]) -> list[CatalogOption]:
    return [
        CatalogOption(
            tenant_id=item.tenant_id,
            id=option.id,
            item_id=item.id,
            slot=option.slot,
            position=place,
            name_en=option.name.en,
            name_ar=option.name.ar,
        )
        for place, option in enumerate(options)
    ]


def rows_of_values(item: CatalogItem, options: Sequence[Option]) -> list[CatalogOptionValue]:
    return [
        CatalogOptionValue(
            tenant_id=item.tenant_id,
            id=value.id,
            item_id=item.id,
            option_id=option.id,
            position=place,
            name_en=value.name.en,
            name_ar=value.name.ar,
        )
        for option in options
        for place, value in enumerate(option.values)
    ]


def combination_taken(*field: str) -> UserFault:
    return UserFault(FaultCode.TAKEN, "Another variant of the item picks the same values.", field)
