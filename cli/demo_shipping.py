"""Where the demo's shop delivers, and for how much. Plain data."""

from decimal import Decimal

from domain.shipping_forms import NewArea, NewRate, NewZone
from domain.texts import LocalizedText


def own_delivery(en: str, ar: str, price: str, days: tuple[int, int], *, free_above: str | None = None) -> NewRate:
    return NewRate(
        "own_delivery",
        LocalizedText(en, ar),
        Decimal(price),
        free_above=Decimal(free_above) if free_above else None,
        estimate_min_days=days[0],
        estimate_max_days=days[1],
    )


AT_THE_SHOP = NewRate(
    "pickup",
    LocalizedText("Pick up in Shuwaikh", "استلام من الشويخ"),
    Decimal("0.000"),
    estimate_min_days=0,
    estimate_max_days=1,
    instructions=LocalizedText(
        "Shuwaikh Industrial 2, street 12, shop 4.\nSaturday to Thursday, 9:00 to 21:00. Bring your order's number.",
        "الشويخ الصناعية ٢، شارع ١٢، محل ٤.\nمن السبت إلى الخميس، ٩ صباحًا إلى ٩ مساءً. أحضروا رقم الطلب.",
    ),
)

DUKKAN_ZONES = (
    NewZone(
        LocalizedText("Near the shop", "قرب المحل"),
        [own_delivery("Same day", "في اليوم نفسه", "1.000", (0, 0), free_above="10"), AT_THE_SHOP],
        areas=[
            NewArea("al_asimah", LocalizedText("Shuwaikh", "الشويخ")),
            NewArea("al_asimah", LocalizedText("Kaifan", "كيفان")),
            NewArea("al_asimah", LocalizedText("Shamiya", "الشامية")),
        ],
    ),
    NewZone(
        LocalizedText("Kuwait City and Hawalli", "العاصمة وحولي"),
        [
            own_delivery("Standard", "عادي", "1.500", (1, 2), free_above="20"),
            own_delivery("Same day", "في اليوم نفسه", "3.000", (0, 0)),
        ],
        governorates=["al_asimah", "hawalli"],
    ),
    NewZone(
        LocalizedText("Rest of Kuwait", "باقي الكويت"),
        [own_delivery("Standard", "عادي", "2.500", (1, 3), free_above="35")],
        governorates=["farwaniya", "ahmadi", "jahra", "mubarak_al_kabeer"],
    ),
    NewZone(
        LocalizedText("Chalets and desert", "الشاليهات والبر"),
        [own_delivery("On Fridays", "أيام الجمعة", "5.000", (1, 7))],
        areas=[
            NewArea("ahmadi", LocalizedText("Khiran", "الخيران")),
            NewArea("ahmadi", LocalizedText("Wafra", "الوفرة")),
            NewArea("jahra", LocalizedText("Abdali", "العبدلي")),
        ],
    ),
    NewZone(
        LocalizedText("Gulf", "الخليج"),
        [own_delivery("By courier", "عبر شركة شحن", "8.000", (3, 7), free_above="75")],
        countries=["SA", "AE", "BH", "QA", "OM"],
    ),
)
