"""How staff change the options of an item: the whole list as it shall be, with what its variants pick then."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import CatalogItem, CatalogOption, CatalogOptionValue, CatalogVariant, new_id
from db.models.catalog import CHOICES
from domain.actors import Actor, Permission, require
from domain.catalog_items import save
from domain.catalog_options import (
    COMBINATION_INDEX,
    MOST_OPTIONS,
    Option,
    OptionFields,
    Value,
    ValueFields,
    checked_option_names,
    choice,
    combination,
    combination_of,
    combination_taken,
    named_by,
    options_of_item,
    picked,
)
from domain.catalog_variants import MOST_VARIANTS, locked_item
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.texts import LocalizedText

Part = TypeVar("Part", Option, Value)
Names = Sequence[tuple[LocalizedText, Sequence[LocalizedText]]]


UNSEEN: Mapping[str, Any] = {"synchronize_session": False}
"""Options of statements about rows that the session forgets anyway."""


@dataclass(frozen=True, slots=True)
class VariantPick:
    """What a variant picks from now on: one value of each option, in their order."""

    variant_id: uuid.UUID
    option_values: Sequence[str | uuid.UUID]


@dataclass(frozen=True, slots=True)
class Plan:
    """The options as they are and as they will be, beside what was said of them and of variants."""

    before: Sequence[Option]
    after: Sequence[Option]
    given: Sequence[OptionFields]
    picks: Sequence[VariantPick]

    def is_new(self, option: Option) -> bool:
        return all(option.id != each.id for each in self.before)


async def set_options(
    session: AsyncSession,
    *,
    actor: Actor,
    item_id: uuid.UUID,
    version: int,
    options: Sequence[OptionFields],
    picks: Sequence[VariantPick] = (),
) -> CatalogItem:
    """Give an item exactly these options, in this order. What is not named any more goes.

    Variants keep what they pick, and pick the default of a new option, unless `picks` says otherwise. Faults:
    NOT_FOUND, STALE; invalid names; IN_USE value that a variant still picks; TAKEN where two would pick the same.
    """
    require(actor, Permission.CATALOG_MANAGE)
    names = checked_option_names(options, "options")
    if len(picks) > MOST_VARIANTS:
        raise UserFault(FaultCode.TOO_LONG, f"An item has at most {MOST_VARIANTS} variants.", ("variants",))
    item = await locked_item(session, actor, item_id, version, "id")
    before = await options_of_item(session, item.id)
    after = planned(before, options, names)
    variants = await locked_variants(session, item.id)
    plan = Plan(before, after, options, picks)
    chosen = checked_choices(variants, plan)
    await let_go(session, variants, plan, chosen)
    await write_options(session, item, plan)
    for variant in variants:
        set_columns(variant, columns_of(variant, after, chosen[variant.id], is_only=len(variants) == 1))
    await flushed(session, {COMBINATION_INDEX: combination_taken("variants")})
    await save(session, item)
    return item


def planned(before: Sequence[Option], given: Sequence[OptionFields], names: Names) -> list[Option]:
    """The options as they will be: known by identifier, else by name, else new. Raises what is none of the item's."""
    faults = Faults()
    known: list[Option | None] = []
    for place, (fields, (name, _)) in enumerate(zip(given, names, strict=True)):
        claimed = {each.id for each in given} | {each.id for each in known if each}
        found = known_one(before, fields.id, name, claimed)
        if fields.id is not None and (found is None or found in known):
            faults.found.append(not_found("option", "options", str(place), "id"))
        known.append(found)
    kept = {option.slot for option in known if option}
    free = (slot for slot in range(1, MOST_OPTIONS + 1) if slot not in kept)
    after: list[Option] = []
    for place, (fields, (name, value_names), old) in enumerate(zip(given, names, known, strict=True)):
        with faults.collecting():
            values = planned_values(old.values if old else (), fields.values, value_names, "options", str(place))
            after.append(Option(old.id if old else new_id(), old.slot if old else next(free), name, values))
    faults.raise_any()
    return after


def planned_values(
    before: Sequence[Value], given: Sequence[ValueFields], names: Sequence[LocalizedText], *path: str
) -> list[Value]:
    faults = Faults()
    after: list[Value] = []
    for place, (fields, name) in enumerate(zip(given, names, strict=True)):
        claimed = {each.id for each in given} | {each.id for each in after}
        found = known_one(before, fields.id, name, claimed)
        if fields.id is not None and (found is None or found.id in {each.id for each in after}):
            faults.found.append(not_found("value of this option", *path, "values", str(place), "id"))
        after.append(Value(found.id if found else new_id(), name))
    faults.raise_any()
    return after


def known_one(
    before: Sequence[Part], given: uuid.UUID | None, name: LocalizedText, claimed: set[uuid.UUID | None]
) -> Part | None:
    """The one with this identifier; without one, that of the same name which nothing else claims."""
    if given is not None:
        return next((each for each in before if each.id == given), None)
    words = {name.en, name.ar} - {None}
    named = (each for each in before if words & {each.name.en, each.name.ar})
    return next((each for each in named if each.id not in claimed), None)


async def locked_variants(session: AsyncSession, item_id: uuid.UUID) -> Sequence[CatalogVariant]:
    """The variants of an item that are not archived, held in the order of their ids, as orders hold them."""
    statement = select(CatalogVariant).where(CatalogVariant.item_id == item_id, CatalogVariant.archived_at.is_(None))
    held = statement.order_by(CatalogVariant.id).with_for_update(key_share=True)
    return (await session.execute(held.execution_options(populate_existing=True))).scalars().all()


def checked_choices(variants: Sequence[CatalogVariant], plan: Plan) -> dict[uuid.UUID, list[Value]]:
    """What each variant picks from now on. Raises everything that cannot be."""
    faults = Faults()
    known, chosen = {variant.id for variant in variants}, dict[uuid.UUID, list[Value]]()
    for place, pick in enumerate(plan.picks):
        with faults.collecting():
            if pick.variant_id not in known:
                raise not_found("variant", "variants", str(place), "id")
            known.remove(pick.variant_id)  # named once more it is as unknown as any other
            chosen[pick.variant_id] = picked(plan.after, pick.option_values, "variants", str(place), "optionValues")
    with faults.collecting():
        chosen |= kept_choices([variant for variant in variants if variant.id in known], plan)
    faults.raise_any()
    check_differences(plan, chosen)
    return chosen


def kept_choices(variants: Sequence[CatalogVariant], plan: Plan) -> dict[uuid.UUID, list[Value]]:
    """What variants pick of which nothing was said. Raises each option of which they pick a value that is left out."""
    faults = Faults()
    chosen: dict[uuid.UUID, list[Value]] = {variant.id: [] for variant in variants}
    for place, (option, fields) in enumerate(zip(plan.after, plan.given, strict=True)):
        if not 0 <= fields.default < len(option.values):
            faults.add(FaultCode.INVALID, "This is no place of one of the values.", "options", str(place), "default")
            continue
        values = {value.id: value for value in option.values}
        default = option.values[fields.default].id if plan.is_new(option) else None
        picks = {variant.id: default or getattr(variant, option.column) for variant in variants}
        if lost := sum(value_id not in values for value_id in picks.values()):
            message = f"Left-out values are picked by {lost} variants: say in `variants` what those pick instead."
            faults.add(FaultCode.IN_USE, message, "options", str(place), "values")
            continue
        for variant_id, value_id in picks.items():
            chosen[variant_id].append(values[value_id])
    faults.raise_any()
    return chosen


def check_differences(plan: Plan, chosen: Mapping[uuid.UUID, Sequence[Value]]) -> None:
    """Without any option the names tell variants apart; with options the values that they pick have to."""
    seen: set[tuple[uuid.UUID | None, ...]] = set()
    alike: set[uuid.UUID] = set()
    for variant_id, values in chosen.items():
        columns = combination(choice(plan.after, values))
        if columns in seen and plan.after:
            alike.add(variant_id)
        seen.add(columns)
    if alike:
        who = "A variant" if len(alike) == 1 else f"{len(alike)} variants"
        message = f"{who} would pick what another picks: say in `variants` what each picks."
        raise UserFault(FaultCode.TAKEN, message, ("variants",))


async def let_go(
    session: AsyncSession,
    variants: Sequence[CatalogVariant],
    plan: Plan,
    chosen: Mapping[uuid.UUID, Sequence[Value]],
) -> None:
    """Delete what is left out. Variants that will pick something else let go of everything before, so that no two
    of them meet on the way.
    """
    for variant in variants:
        if combination_of(variant) != combination(choice(plan.after, chosen[variant.id])):
            set_columns(variant, dict.fromkeys(CHOICES))
    await session.flush()
    options = {option.id for option in plan.before} - {option.id for option in plan.after}
    kept = {value.id for option in plan.after for value in option.values}
    values = {value.id for option in plan.before for value in option.values} - kept
    for entity, gone in ((CatalogOptionValue, values), (CatalogOption, options)):
        if gone:
            await session.execute(delete(entity).where(entity.id.in_(gone)).execution_options(**UNSEEN))


async def write_options(session: AsyncSession, item: CatalogItem, plan: Plan) -> None:
    """Write options and values as they will be, over what there is of them."""
    options = [columns | {"slot": each.slot} for each, columns in named(plan.after)]
    values = [columns | {"option_id": option.id} for option in plan.after for _, columns in named(option.values)]
    own = {"tenant_id": item.tenant_id, "item_id": item.id}
    for entity, rows in ((CatalogOption, options), (CatalogOptionValue, values)):
        if rows:
            statement = insert(entity).values([own | row for row in rows])
            changed = {name: statement.excluded[name] for name in ("position", "name_en", "name_ar")}
            upsert = statement.on_conflict_do_update(index_elements=["tenant_id", "id"], set_=changed)
            await session.execute(upsert.execution_options(**UNSEEN))


def named(parts: Sequence[Part]) -> list[tuple[Part, dict[str, Any]]]:
    return [
        (each, {"id": each.id, "position": place, "name_en": each.name.en, "name_ar": each.name.ar})
        for place, each in enumerate(parts)
    ]


def columns_of(
    variant: CatalogVariant, options: Sequence[Option], values: Sequence[Value], *, is_only: bool
) -> dict[str, Any]:
    """What a variant picks, with its name where it has none of its own."""
    columns = choice(options, values)
    if variant.is_named_by_options or (variant.name_en, variant.name_ar) == (None, None):
        if options:
            return columns | named_by(values)
        kept = {"name_en": None, "name_ar": None} if is_only else dict[str, Any]()
        return columns | kept | {"is_named_by_options": False}
    return columns


def set_columns(variant: CatalogVariant, columns: Mapping[str, Any]) -> None:
    for column, value in columns.items():
        setattr(variant, column, value)
