"""What a file's rows make of the variants of an item, and how the item is planned with them."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from db.models import CatalogVariant, new_id
from db.models.catalog import CHOICES
from domain import catalog_import_options as options
from domain.catalog_import_lines import Group, Line
from domain.catalog_import_options import Choice, Named
from domain.catalog_import_shop import Shop, Standing
from domain.catalog_variants import MOST_VARIANTS, check_compare_at
from domain.errors import FaultCode, UserFault

OF_VARIANT = {
    "sku": "sku",
    "variant_reference": "external_reference",
    "price": "price",
    "compare_at_price": "compare_at_price",
    "stock": "stock",
    "barcode": "barcode",
    "weight_grams": "weight",
    "position": "position",
    "variant_name_en": "name_en",
    "variant_name_ar": "name_ar",
}
"""Columns of the file, and those of the table."""
VARIANT_NAMES = ("variant_name_en", "variant_name_ar")


@dataclass(slots=True)
class VariantPlan:
    """What a row makes of a variant; of a new one `changes` are all of its columns."""

    line: Line
    stored: CatalogVariant | None
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """What the rows make of an item; of a new one `changes` are all of its columns."""

    group: Group
    standing: Standing | None
    item_id: uuid.UUID
    changes: dict[str, Any] = field(default_factory=dict)
    category_ids: set[uuid.UUID] | None = None
    """None leaves them as they are."""
    tags: dict[str, str] | None = None
    """As `category_ids`; as they are written, by what they are found by."""
    variants: list[VariantPlan] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    renamed: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    """Options, values, and variants that the file does not speak of, with their new names."""

    @property
    def is_refused(self) -> bool:
        return any(line.problems for line in self.group.lines)

    @property
    def changes_item(self) -> bool:
        told = self.changes or self.renamed or self.category_ids is not None or self.tags is not None
        return self.standing is None or bool(told)

    @property
    def changes_anything(self) -> bool:
        return self.changes_item or any(each.stored is None or each.changes for each in self.variants)

    def outcomes(self) -> list[str]:
        """What becomes of each row: created, updated, unchanged or failed."""
        if self.is_refused:
            return ["failed"] * len(self.group.lines)
        first = "updated" if self.changes_item else "unchanged"
        return [
            "created" if each.stored is None else "updated" if each.changes else "unchanged" if place else first
            for place, each in enumerate(self.variants)
        ]


def plan_variants(shop: Shop, plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    stored = plan.standing.variants if plan.standing else []
    plan.choices = plan.standing.choices if plan.standing else []
    options.name_choices(plan.choices, item, plan.group.lines[0], is_new=plan.standing is None)
    last = max((variant.position for variant in stored), default=-1)
    taken: dict[uuid.UUID, Line] = {}
    for line in plan.group.lines:
        check_sku(shop, line)
        picks = options.picked(plan.choices, line)
        variant = find_variant(plan, stored, line, picks)
        if variant is not None and taken.setdefault(variant.id, line) is not line:
            line.refuse(None, FaultCode.INVALID, f"Row {taken[variant.id].row} is the same variant.")
        if variant is None:
            last += 1
            options.check_complete(plan.choices, picks, line)
        check_reference(shop, line, variant)
        plan.variants.append(planned_variant(line, variant, last))
        choose(plan.choices, plan.variants[-1], picks)
    new = sum(each.stored is None for each in plan.variants)
    if stored and new and len(stored) + new > MOST_VARIANTS:
        message = f"An item has at most {MOST_VARIANTS} variants."
        plan.group.lines[0].refuse(None, FaultCode.LIMIT_REACHED, message)
    name_variants(plan, [variant for variant in stored if variant.id not in taken])
    check_combinations(plan, [variant for variant in stored if variant.id not in taken])
    check_told_apart(plan, len(stored) + new)


def choose(choices: Sequence[Choice], plan: VariantPlan, picks: Sequence[Named | None]) -> None:
    """What a variant picks from now on; of what the row does not say it picks what it did."""
    for choice, value in zip(choices, picks, strict=True):
        if value is not None and value.id != getattr(plan.stored, choice.column, None):
            plan.changes[choice.column] = value.id


def name_variants(plan: Plan, others: Sequence[CatalogVariant]) -> None:
    """Variants without names of their own are called after what they pick, also where only that got another name."""
    if not plan.choices:
        return
    plan.renamed = [
        (each.stored, renaming) for each in all_named(plan.choices) if each.stored and (renaming := each.renaming())
    ]
    for each in plan.variants:
        is_called = any(name in each.line.values for name in VARIANT_NAMES)
        names = [current(each, column) for column in ("name_en", "name_ar")]
        if (is_called and not any(names)) or (not is_called and current(each, "is_named_by_options", default=True)):
            picks = {column: current(each, column) for column in CHOICES}
            set_changed(each, options.called_after(plan.choices, picks))
        elif is_called:
            set_changed(each, {"is_named_by_options": False})
    for variant in others:
        if variant.is_named_by_options:
            picks = {column: getattr(variant, column) for column in CHOICES}
            names = options.called_after(plan.choices, picks)
            changes = {column: name for column, name in names.items() if name != getattr(variant, column)}
            plan.renamed += [(variant, changes)] if changes else []


def all_named(choices: Sequence[Choice]) -> Iterator[Named]:
    for choice in choices:
        yield choice
        yield from choice.values


def current(plan: VariantPlan, column: str, *, default: Any = None) -> Any:
    """What a column of a variant will be."""
    return plan.changes[column] if column in plan.changes else getattr(plan.stored, column, default)


def set_changed(plan: VariantPlan, columns: Mapping[str, Any]) -> None:
    for column, value in columns.items():
        if plan.stored is None or value != getattr(plan.stored, column):
            plan.changes[column] = value
        else:
            plan.changes.pop(column, None)


def check_combinations(plan: Plan, others: Sequence[CatalogVariant]) -> None:
    if not plan.choices:
        return
    taken = {tuple(getattr(variant, column) for column in CHOICES) for variant in others}
    for each in plan.variants:
        combination = tuple(current(each, column) for column in CHOICES)
        if combination in taken and not each.line.problems:
            each.line.refuse("option1_value_en", FaultCode.TAKEN, "Another variant of the item picks the same values.")
        taken.add(combination)


def check_sku(shop: Shop, line: Line) -> None:
    if repeats_sku(shop, line):
        line.refuse("sku", FaultCode.TAKEN, f"Row {shop.first_rows[line.sku or '']} has this SKU already.")


def repeats_sku(shop: Shop, line: Line) -> bool:
    """Whether a row before it in the file has the same."""
    return shop.first_rows.get(line.sku or "", line.row) < line.row


def check_reference(shop: Shop, line: Line, variant: CatalogVariant | None) -> None:
    reference, variant_id = line.values.get("variant_reference"), variant.id if variant else new_id()
    if isinstance(reference, str) and shop.variant_references.setdefault(reference, variant_id) != variant_id:
        line.refuse("variant_reference", FaultCode.TAKEN, "Another variant has this external reference.")


def find_variant(
    plan: Plan, stored: Sequence[CatalogVariant], line: Line, picks: Sequence[Named | None]
) -> CatalogVariant | None:
    """The variant that a row is: by its SKU; or, if either has none, by what it picks, by its name, or as the only one
    there is.
    """
    sku = line.values.get("sku")
    for variant in stored:
        if sku is not None and variant.sku == sku:
            return variant
    nameless = [variant for variant in stored if variant.sku is None or sku is None]
    for variant in nameless:
        if options.is_picked_by(variant, plan.choices, picks):
            return variant
    names = {OF_VARIANT[name]: line.values[name] for name in VARIANT_NAMES if line.values.get(name)}
    named = [each for each in nameless if names and all(getattr(each, name) == names[name] for name in names)]
    if len(named) == 1:
        return named[0]
    return nameless[0] if len(stored) == len(plan.group.lines) == len(nameless) == 1 else None


def planned_variant(line: Line, variant: CatalogVariant | None, place: int) -> VariantPlan:
    told = {OF_VARIANT[column]: value for column, value in line.values.items() if column in OF_VARIANT}
    if variant is None:
        is_known = line.has_problem("sku")  # and so may be another variant, which has its price
        if "price" not in told and not is_known and not line.has_problem("price"):
            line.refuse("price", FaultCode.REQUIRED, "A new variant needs a price.")
        told = {"position": place, **told}
        price, before = told.get("price"), told.get("compare_at_price")
    else:
        told = {column: value for column, value in told.items() if value != getattr(variant, column)}
        price, before = told.get("price", variant.price), told.get("compare_at_price", variant.compare_at_price)
    if isinstance(price, Decimal) and isinstance(before, Decimal) and not line.has_problem("compare_at_price"):
        try:
            check_compare_at(price, before)
        except UserFault as fault:
            line.refuse("compare_at_price", fault.code, fault.message)
    return VariantPlan(line, variant, told)


def check_told_apart(plan: Plan, number: int) -> None:
    """Of several variants each has a name, unless it is called after what it picks."""
    if number < 2 or plan.choices:
        return
    for each in plan.variants:
        names = [
            each.changes[column] if column in each.changes else getattr(each.stored, column, None)
            for column in ("name_en", "name_ar")
        ]
        wrong = any(each.line.has_problem(column) for column in ("sku", *VARIANT_NAMES))
        if (each.stored is None or each.changes) and not any(names) and not wrong:
            message = "An item's variants are told apart by variant names or by values of options."
            other = next((line.row for line in plan.group.lines if line is not each.line), None)
            repeated = f" Row {other} is of the same item." if other else " The item has another variant."
            each.line.refuse("variant_name_en", FaultCode.REQUIRED, message + repeated)
