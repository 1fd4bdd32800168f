"""What a mail tells of an order's amounts and of the way it gets to its buyer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.models import Order
from domain.notifications.rendering import amount
from domain.notifications.wording import LABELS
from domain.texts import LocalizedText

GOVERNORATES: Mapping[str, LocalizedText] = {
    "al_asimah": LocalizedText(en="Al Asimah", ar="العاصمة"),
    "hawalli": LocalizedText(en="Hawalli", ar="حولي"),
    "farwaniya": LocalizedText(en="Farwaniya", ar="الفروانية"),
    "ahmadi": LocalizedText(en="Ahmadi", ar="الأحمدي"),
    "jahra": LocalizedText(en="Jahra", ar="الجهراء"),
    "mubarak_al_kabeer": LocalizedText(en="Mubarak Al-Kabeer", ar="مبارك الكبير"),
}
DOOR = ("block", "street", "avenue", "building", "floor", "flat")
LINES = ("line1", "line2", "city", "region", "postal_code")


@dataclass(frozen=True, slots=True)
class ShownAmount:
    """A line above the total."""

    name: str
    value: str


def shown_amounts(order: Order, locale: str) -> Sequence[ShownAmount]:
    """What leads from the lines to the total; nothing where the lines alone do."""
    if order.shipping_method is None and not order.discount:
        return ()
    label, found = LABELS[locale], [ShownAmount(LABELS[locale]["subtotal"], amount(order.subtotal, order.currency))]
    if order.shipping_method is not None:
        name = f"{label['shipping']} ({method_of(order.shipping_method, locale)})"
        found.append(ShownAmount(name, amount(order.shipping, order.currency)))
    if order.discount:
        name = f"{label['discount']} ({order.discount_code})" if order.discount_code else label["discount"]
        found.append(ShownAmount(name, amount(-order.discount, order.currency)))
    return found


def method_of(kept: Mapping[str, Any], locale: str) -> str:
    return LocalizedText(en=kept["name_en"], ar=kept["name_ar"]).in_locale(locale)


def shown_address(order: Order, locale: str) -> str:
    """Where it is to be brought, in lines; empty where it is not."""
    kept = order.shipping_address
    if kept is None:
        return ""
    who = [kept.get("recipient"), kept.get("phone")]
    lines = [*who, *where_in_kuwait(kept, locale)] if kept["form"] == "kuwait" else [*who, *where_else(kept)]
    return "\n".join(each for each in (*lines, kept.get("notes")) if each)


def where_in_kuwait(kept: Mapping[str, Any], locale: str) -> Sequence[str]:
    door = [f"{LABELS[locale][name]} {kept[name]}" for name in DOOR if kept.get(name)]
    comma = "، " if locale == "ar" else ", "
    return [comma.join(door), comma.join([kept["area"], GOVERNORATES[kept["governorate"]].in_locale(locale)])]


def where_else(kept: Mapping[str, Any]) -> Sequence[str | None]:
    return [*(kept.get(name) for name in LINES), kept["country"]]
