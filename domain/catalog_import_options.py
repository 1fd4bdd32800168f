"""Options in a file: which value of each option of its item a row picks, and which of them are new."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CatalogOption, CatalogOptionValue, CatalogVariant, new_id
from db.models.catalog import CHOICES
from domain.catalog_import_lines import Line
from domain.catalog_options import MOST_OPTIONS, MOST_VALUES, Value, named_by
from domain.errors import FaultCode
from domain.texts import LocalizedText

LOCALES = ("en", "ar")
LANGUAGES = {"en": "English", "ar": "Arabic"}
NAMES = tuple(f"option{place}_name_{locale}" for place in range(1, MOST_OPTIONS + 1) for locale in LOCALES)
"""Columns that tell of the item."""


@dataclass(slots=True)
class Named:
    """An option or a value as it will be, with its row if there is one."""

    id: uuid.UUID
    names: dict[str, str | None]
    stored: CatalogOption | CatalogOptionValue | None = None

    def renaming(self) -> dict[str, str | None]:
        """The columns that are to change of what is stored."""
        if self.stored is None:
            return {}
        columns = {f"name_{locale}": name for locale, name in self.names.items()}
        return {column: name for column, name in columns.items() if name != getattr(self.stored, column)}


@dataclass(slots=True)
class Choice(Named):
    """An option with its values. `slot` counts the column of variants that holds what they pick."""

    slot: int = 0
    values: list[Named] = field(default_factory=list[Named])

    @property
    def column(self) -> str:
        return CHOICES[self.slot - 1]

    def value(self, value_id: uuid.UUID | None) -> Named | None:
        return next((value for value in self.values if value.id == value_id), None)


async def read_choices(session: AsyncSession, item_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Choice]]:
    """The options of items with their values, in their order."""
    found: dict[uuid.UUID, list[Choice]] = {item_id: [] for item_id in item_ids}
    options = select(CatalogOption).where(CatalogOption.item_id.in_(item_ids))
    options = options.order_by(CatalogOption.position, CatalogOption.slot)
    by_id: dict[uuid.UUID, Choice] = {}
    for option in (await session.execute(options)).scalars():
        names = {"en": option.name_en, "ar": option.name_ar}
        by_id[option.id] = choice = Choice(option.id, names, option, option.slot)
        found[option.item_id].append(choice)
    if by_id:
        values = select(CatalogOptionValue).where(CatalogOptionValue.item_id.in_(item_ids))
        values = values.order_by(CatalogOptionValue.position, CatalogOptionValue.id)
        for value in (await session.execute(values)).scalars():
            by_id[value.option_id].values.append(Named(value.id, {"en": value.name_en, "ar": value.name_ar}, value))
    return found


def name_choices(choices: list[Choice], item: Mapping[str, tuple[Any, Line]], first: Line, *, is_new: bool) -> None:
    """Give the options the names that the file tells; those of a new item are made."""
    for place in range(1, MOST_OPTIONS + 1):
        told = {
            locale: item[f"option{place}_name_{locale}"] for locale in LOCALES if f"option{place}_name_{locale}" in item
        }
        if not told:
            continue
        line = next(line for _, line in told.values())
        if place > len(choices) and not is_new:
            message = f"The item has {len(choices)} options: give it another one in the back office first."
            line.refuse(NAMES[2 * place - 2], FaultCode.INVALID, message)
        elif place > len(choices) + 1:
            message = f"An option {place} without an option {len(choices) + 1}."
            line.refuse(NAMES[2 * place - 2], FaultCode.INVALID, message)
        else:
            if place > len(choices):
                choices.append(Choice(new_id(), dict.fromkeys(LOCALES), None, place))
            choices[place - 1].names |= {locale: name for locale, (name, _) in told.items()}
    taken: set[str] = set()
    for place, choice in enumerate(choices):
        words = set(filter(None, choice.names.values()))
        if words & taken:
            first.refuse(NAMES[2 * place], FaultCode.TAKEN, "Two options of the item have this name.")
        taken |= words


def picked(choices: Sequence[Choice], line: Line) -> list[Named | None]:
    """What a row picks of each option, None where it says nothing. A value that is not there yet is made."""
    found: list[Named | None] = []
    for place in range(1, MOST_OPTIONS + 1):
        columns = {locale: f"option{place}_value_{locale}" for locale in LOCALES}
        told = {locale: str(line.values[column]) for locale, column in columns.items() if column in line.values}
        if place > len(choices):
            if told:
                message = f"The option has no name: option{place}_name_en or option{place}_name_ar is missing."
                line.refuse(columns[next(iter(told))], FaultCode.INVALID, message)
        else:
            found.append(pick(choices[place - 1], told, columns, line) if told else None)
    return found


def pick(choice: Choice, told: Mapping[str, str], columns: Mapping[str, str], line: Line) -> Named | None:
    for value in choice.values:
        if not any(value.names[locale] == name for locale, name in told.items()):
            continue
        for locale, name in told.items():
            if value.names[locale] not in (None, name):
                other = next(told[each] for each in told if each != locale)
                message = f"The value {other} is called {value.names[locale]} in {LANGUAGES[locale]} by another row or "
                message += "in the shop: write the same here, or leave this cell empty."
                line.refuse(columns[locale], FaultCode.INVALID, message)
                return None
        value.names |= told
        return value
    if len(choice.values) >= MOST_VALUES:
        message = f"An option has at most {MOST_VALUES} values."
        line.refuse(columns[next(iter(told))], FaultCode.LIMIT_REACHED, message)
        return None
    choice.values.append(Named(new_id(), {**dict.fromkeys(LOCALES), **told}))
    return choice.values[-1]


def check_complete(choices: Sequence[Choice], picks: Sequence[Named | None], line: Line) -> None:
    """A new variant picks one of each."""
    for place, (_, value) in enumerate(zip(choices, picks, strict=True), 1):
        columns = [f"option{place}_value_{locale}" for locale in LOCALES]
        if value is None and not any(line.has_problem(column) for column in columns):
            line.refuse(columns[0], FaultCode.REQUIRED, "A variant picks a value of each option of its item.")


def is_picked_by(variant: CatalogVariant, choices: Sequence[Choice], picks: Sequence[Named | None]) -> bool:
    """Whether these are what a variant picks; where something is not said, it is not."""
    pairs = list(zip(choices, picks, strict=True))
    return bool(pairs) and all(value and getattr(variant, choice.column) == value.id for choice, value in pairs)


def called_after(choices: Sequence[Choice], columns: Mapping[str, uuid.UUID | None]) -> dict[str, Any]:
    """The name of a variant that picks these, by the columns that hold them."""
    values = (choice.value(columns.get(choice.column)) for choice in choices)
    return named_by([Value(each.id, LocalizedText(each.names["en"], each.names["ar"])) for each in values if each])


def new_options(item_id: uuid.UUID, choices: Iterable[Choice]) -> list[dict[str, Any]]:
    return [
        {"id": choice.id, "item_id": item_id, "slot": choice.slot, "position": place, **columns_of(choice)}
        for place, choice in enumerate(choices)
        if choice.stored is None
    ]


def new_values(item_id: uuid.UUID, choices: Iterable[Choice]) -> list[dict[str, Any]]:
    return [
        {"id": value.id, "item_id": item_id, "option_id": choice.id, "position": place, **columns_of(value)}
        for choice in choices
        for place, value in enumerate(choice.values)
        if value.stored is None
    ]


def columns_of(named: Named) -> dict[str, str | None]:
    return {"name_en": named.names["en"], "name_ar": named.names["ar"]}
