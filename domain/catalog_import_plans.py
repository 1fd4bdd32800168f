"""What a file's rows of one item would change, and what is wrong with them. Nothing here reads or writes a database."""

import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from db.models import new_id
from domain import catalog_import_options as options
from domain.catalog_import_lines import Group, Line
from domain.catalog_import_shop import Shop, Standing
from domain.catalog_import_variants import Plan, plan_variants, repeats_sku
from domain.catalog_items import ITEM_STATUS
from domain.catalog_variants import MOST_VARIANTS
from domain.errors import FaultCode, UserFault
from domain.tags import checked_tags
from domain.texts import SLUG

TEXTS = ("name_en", "name_ar", "description_en", "description_ar")
OF_ITEM = ("version", "kind", "status", "slug", *TEXTS, "external_reference", "categories", "tags", *options.NAMES)


def planned(shop: Shop, group: Group) -> Plan:
    """What the rows would change. Their problems are kept with them; what a good plan claims is kept in the shop."""
    standing = find_standing(shop, group)
    plan = Plan(group, standing, standing.item.id if standing else new_id())
    item = merged(group)
    if len(group.lines) > MOST_VARIANTS:
        message = f"An item has at most {MOST_VARIANTS} variants."
        group.lines[MOST_VARIANTS].refuse(None, FaultCode.LIMIT_REACHED, message)
    plan_item(shop, plan, item)
    plan_categories(shop, plan, item)
    plan_tags(plan, item)
    plan_variants(shop, plan, item)
    check_version(plan, item)
    if not plan.is_refused:
        claim(shop, plan)
    return plan


def find_standing(shop: Shop, group: Group) -> Standing | None:
    """The item that the rows name; where they name none, the one of which a variant has the SKU.

    So a SKU never leads to an item that the rows call something else: they would give it the name of another.
    """
    owners = [(line, shop.by_sku.get(line.sku or "")) for line in group.lines]
    item_id = named_item(shop, group, {owner for _, owner in owners})
    if item_id is None and not group.is_named:
        item_id = next((owner for _, owner in owners if owner), None)
    for line, owner in owners:
        if owner not in (None, item_id) and not repeats_sku(shop, line):
            line.refuse("sku", FaultCode.TAKEN, "A variant of another item has this SKU.")
    return shop.items.get(item_id) if item_id else None


def named_item(shop: Shop, group: Group, owners: Collection[uuid.UUID | None]) -> uuid.UUID | None:
    """By `item`; or by `slug` or else `external_reference`, which are new for the item where another one names it.

    Where `item` is not known, the others count for an item that has the SKU as well: as the second time, where the
    same file made it with a slug of its own.
    """
    name = group.text("item") or ""
    found = shop.by_slug.get(name) or shop.by_reference.get(name)
    if found is None and group.is_named:
        reference, slug = group.text("external_reference") or "", group.text("slug") or ""
        others = shop.by_slug.get(slug), shop.by_reference.get(reference)
        is_called = group.text("item") is not None
        found = next((each for each in others if each and (each in owners or not is_called)), None)
    return found


def merged(group: Group) -> dict[str, tuple[Any, Line]]:
    """What is told of the item, with the line that tells it. Two lines must not tell different things."""
    item: dict[str, tuple[Any, Line]] = {}
    for line in group.lines:
        for column in OF_ITEM:
            if column not in line.values:
                continue
            value, first = item.setdefault(column, (line.values[column], line))
            if value != line.values[column]:
                message = f"Row {first.row} tells something else of the same item."
                line.refuse(column, FaultCode.INVALID, message)
    return item


def plan_item(shop: Shop, plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    told = {column: value for column, (value, _) in item.items() if column in ("kind", "external_reference", *TEXTS)}
    if plan.standing is None:
        reference = {"external_reference": new_reference(plan)}
        plan.changes = {"kind": "product", "status": "draft", **dict.fromkeys(TEXTS), **reference, **told}
    else:
        stored = plan.standing.item
        plan.changes = {column: value for column, value in told.items() if value != getattr(stored, column)}
    check_name(plan, item)
    check_reference(shop, plan, item)
    plan_status(plan, item)
    plan_slug(shop, plan, item)


def check_name(plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    first = plan.group.lines[0]
    names = [
        plan.changes[column] if column in plan.changes else getattr(plan.standing and plan.standing.item, column)
        for column in ("name_en", "name_ar")
    ]
    is_told_wrong = any(line.has_problem(column) for line in plan.group.lines for column in ("name_en", "name_ar"))
    is_of_another = plan.standing is None and any(line.has_problem("sku") for line in plan.group.lines)
    if any(names) or is_told_wrong or is_of_another:
        return
    if plan.standing is None and not item and not plan.group.is_named:
        first.refuse("sku", FaultCode.NOT_FOUND, "No variant has this SKU.")
    else:
        line = item["name_en"][1] if "name_en" in item else first
        line.refuse("name_en", FaultCode.REQUIRED, "A name in Arabic or in English is required.")


def plan_status(plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    if "status" not in item:
        return
    status, line = item["status"]
    if plan.standing is None:
        if status == "archived":
            line.refuse("status", FaultCode.INVALID, "A new item is a draft or active.")
        plan.changes["status"] = status
    elif status != plan.standing.item.status:
        try:
            ITEM_STATUS.check(plan.standing.item.status, status)
        except UserFault as fault:
            line.refuse("status", fault.code, fault.message)
        plan.changes |= {"status": status, "archived_at": datetime.now(UTC) if status == "archived" else None}


def plan_slug(shop: Shop, plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    if "slug" in item:
        slug, line = item["slug"]
        if plan.standing is None or slug != plan.standing.item.slug:
            check_slug(shop, plan, slug, line)
    elif plan.standing is None:
        slug = new_slug(shop, plan)
    else:
        return
    if plan.standing is None or slug != plan.standing.item.slug:
        plan.changes["slug"] = slug


def check_slug(shop: Shop, plan: Plan, slug: str, line: Line) -> None:
    """An item may get a slug that no other has, in the shop or in the file. The file's are told by their rows."""
    called, given = shop.called.get(slug), shop.given.get(slug)
    if called and called.item != plan.group.number:
        line.refuse("slug", FaultCode.TAKEN, f"The item of row {called.row} has this slug.")
    elif given and given.item != plan.group.number and not called:
        line.refuse("slug", FaultCode.TAKEN, f"Row {given.row} has this slug already.")
    elif shop.by_slug.get(slug, plan.item_id) != plan.item_id:
        line.refuse("slug", FaultCode.TAKEN, "Another item has this slug.")


def new_slug(shop: Shop, plan: Plan) -> str:
    """What the rows call the item, if that can be a slug; else one from its name, with an ending if that is taken."""
    key = plan.group.text("item") or ""
    if can_be_slug(key):
        return key
    proposal = plan.group.proposal
    called = shop.called.get(proposal)
    is_called = called is not None and called.item != plan.group.number
    is_free = not is_called and proposal not in shop.by_slug and proposal not in shop.given
    return proposal if is_free else f"{proposal}-{plan.item_id.hex[-6:]}"


def new_reference(plan: Plan) -> str | None:
    """What the rows call the item, if that can be no slug: so the same file finds it again."""
    key = plan.group.text("item")
    return None if key is None or can_be_slug(key) else key


def can_be_slug(text: str) -> bool:
    return SLUG.fullmatch(text) is not None and len(text) <= 80


def check_reference(shop: Shop, plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    if "external_reference" in item:
        reference, line = item["external_reference"]
        if shop.by_reference.get(reference, plan.item_id) != plan.item_id:
            line.refuse("external_reference", FaultCode.TAKEN, "Another item has this external reference.")


def plan_tags(plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    if "tags" in item:
        wanted = checked_tags(item["tags"][0] or ())
        if wanted != (plan.standing.tags if plan.standing else {}):
            plan.tags = wanted


def plan_categories(shop: Shop, plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    if "categories" not in item:
        return
    paths, line = item["categories"]
    unknown = [path for path in paths or () if path not in shop.categories]
    if unknown:
        line.refuse("categories", FaultCode.NOT_FOUND, f"No such category: {', '.join(unknown)}.")
        return
    wanted = {shop.categories[path] for path in paths or ()}
    if plan.standing is None or wanted != plan.standing.category_ids:
        plan.category_ids = wanted


def check_version(plan: Plan, item: Mapping[str, tuple[Any, Line]]) -> None:
    """What would change nothing is not stale: a file that was applied already can be sent again."""
    if "version" not in item or not plan.changes_anything:
        return
    version, line = item["version"]
    if plan.standing is None:
        message = "The item is not there any more. To make it anew, leave the version empty."
        line.refuse("version", FaultCode.STALE, message)
    elif plan.standing.item.version != version:
        message = f"Somebody has changed this item since: its version is {plan.standing.item.version}."
        line.refuse("version", FaultCode.STALE, message)


def claim(shop: Shop, plan: Plan) -> None:
    if "slug" in plan.changes:
        shop.by_slug[plan.changes["slug"]] = plan.item_id
    if reference := plan.changes.get("external_reference"):
        shop.by_reference[reference] = plan.item_id
    for each in plan.variants:
        if sku := each.changes.get("sku"):
            shop.by_sku[sku] = plan.item_id
