"""What the demo's shop and charity tell about themselves. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoProfile:
    """Texts by the names that `domain.store_profiles` has for them, each in English and Arabic."""

    texts: Mapping[str, tuple[str, str]]
    numbers: Mapping[str, str]
    links: Mapping[str, str]


DUKKAN_PROFILE = DemoProfile(
    texts={
        "about": (
            "Dukkan is a family grocery in Kuwait City. We buy dates, honey and coffee from people we know, and pack "
            "them on the day they leave us.",
            "دكان بقالة عائلية في مدينة الكويت. نشتري التمور والعسل والقهوة ممن نعرفهم، ونعبئها يوم خروجها من عندنا.",
        ),
        "contact_address": (
            "Shop 12, Mubarakiya Market\nKuwait City, Kuwait",
            "محل ١٢، سوق المباركية\nمدينة الكويت، الكويت",
        ),
        "opening_hours": (
            "Saturday to Thursday: 9:00–13:00 and 16:30–21:00\nFriday: 16:30–21:00",
            "من السبت إلى الخميس: ٩:٠٠–١٣:٠٠ و١٦:٣٠–٢١:٠٠\nالجمعة: ١٦:٣٠–٢١:٠٠",
        ),
        "payment_instructions": (
            "Pay in cash when we deliver, or send the amount to IBAN KW81CBKU0000000000001234560101 and write the "
            "number of your order with it.",
            "ادفع نقدًا عند التسليم، أو حوّل المبلغ إلى الآيبان KW81CBKU0000000000001234560101 واكتب معه رقم طلبك.",
        ),
        "returns_policy": (
            "Unopened packs come back within 14 days with the invoice; we give the price back the way it was paid. "
            "Opened food cannot be returned unless something is wrong with it.",
            "تُعاد العبوات غير المفتوحة خلال ١٤ يومًا مع الفاتورة، ونرد ثمنها بطريقة الدفع نفسها. "
            "لا يُعاد الطعام المفتوح إلا إذا كان فيه عيب.",
        ),
        "privacy_policy": (
            "We keep your name, address and orders in order to deliver and to account for them, and give them to "
            "nobody but our driver.",
            "نحتفظ باسمك وعنوانك وطلباتك من أجل التوصيل والمحاسبة، ولا نعطيها لأحد غير سائقنا.",
        ),
        "shipping_policy": (
            "We deliver in all areas of Kuwait within two days. Orders placed before noon often arrive the same day.",
            "نوصل إلى جميع مناطق الكويت خلال يومين، وما يُطلب قبل الظهر يصل غالبًا في اليوم نفسه.",
        ),
        "terms": (
            "Prices are in Kuwaiti dinars. An order becomes binding once we have confirmed it.",
            "الأسعار بالدينار الكويتي، ويصبح الطلب ملزمًا عند تأكيدنا له.",
        ),
    },
    numbers={"whatsapp_number": "+965 5000 4000", "commercial_registration": "CR 441120"},
    links={
        "instagram": "https://www.instagram.com/dukkan.demo",
        "tiktok": "https://www.tiktok.com/@dukkan.demo",
        "snapchat": "https://www.snapchat.com/add/dukkan.demo",
    },
)

SANAD_PROFILE = DemoProfile(
    texts={
        "about": (
            "Sanad has dug wells and shared meals since 1994. Whatever you give arrives: we publish every project with "
            "its costs.",
            "تحفر جمعية سند الآبار وتقدم وجبات الإفطار منذ عام ١٩٩٤. كل ما تتبرع به يصل، وننشر كل مشروع مع تكاليفه.",
        ),
        "contact_address": (
            "Block 3, Salem Al-Mubarak Street\nSalmiya, Kuwait",
            "قطعة ٣، شارع سالم المبارك\nالسالمية، الكويت",
        ),
        "opening_hours": ("Sunday to Thursday: 8:00–14:00", "من الأحد إلى الخميس: ٨:٠٠–١٤:٠٠"),
        "payment_instructions": (
            "Transfer your donation to IBAN KW74NBOK0000000000001000372151 and write the number of your order with it.",
            "حوّل تبرعك إلى الآيبان KW74NBOK0000000000001000372151 واكتب معه رقم طلبك.",
        ),
        "returns_policy": (
            "A donation made by mistake is given back within seven days, as long as it has not been spent.",
            "يُرد التبرع الذي تم بالخطأ خلال سبعة أيام ما لم يُصرف.",
        ),
        "privacy_policy": (
            "We tell nobody who has given, and keep your name for the receipt alone.",
            "لا نخبر أحدًا بمن تبرع، ونحتفظ باسمك من أجل الإيصال فقط.",
        ),
        "shipping_policy": (
            "Nothing is shipped; receipts come by email.",
            "لا يوجد شحن؛ تصل الإيصالات بالبريد الإلكتروني.",
        ),
        "terms": (
            "Donations go to the project that was chosen. What is left over goes to one of the same kind.",
            "تُصرف التبرعات للمشروع المختار، وما يزيد منها لمشروع من نوعه.",
        ),
    },
    numbers={"whatsapp_number": "+965 5000 5000", "charity_permit": "MOSA 2026/118"},
    links={"x": "https://x.com/sanad_demo", "youtube": "https://www.youtube.com/@sanad_demo"},
)
