"""What the demo holds: a shop and a charity in Kuwait, their people, their shelves. Plain data."""

from dataclasses import dataclass

from cli.demo_profiles import DUKKAN_PROFILE, SANAD_PROFILE, DemoProfile
from cli.demo_shipping import DUKKAN_ZONES
from domain.shipping_forms import NewZone

PASSWORD = "dates and coffee"
"""Of everybody in the demo. Known to everybody who reads this, so production refuses the demo."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody of the demo. `tenant` is empty for those who belong to none."""

    role: str
    email: str
    name: str
    locale: str
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class DemoVariant:
    name: tuple[str, str] | None
    sku: str
    price: str
    stock: int | None
    compare_at_price: str | None = None


@dataclass(frozen=True, slots=True)
class DemoItem:
    kind: str
    name: tuple[str, str]
    description: tuple[str, str]
    category: str
    variants: tuple[DemoVariant, ...]
    status: str = "active"


@dataclass(frozen=True, slots=True)
class DemoDiscount:
    """`percentage` is None where it takes off what shipping costs."""

    code: str
    title: tuple[str, str]
    percentage: str | None
    minimum_subtotal: str | None = None
    usage_limit: int | None = None
    usage_limit_per_customer: int | None = None


@dataclass(frozen=True, slots=True)
class DemoTenant:
    slug: str
    name: tuple[str, str]
    contact_email: str
    locale: str
    colour: str
    phone: str
    profile: DemoProfile
    categories: tuple[tuple[str, tuple[str, str], str], ...]
    items: tuple[DemoItem, ...]
    zones: tuple[NewZone, ...] = ()
    discounts: tuple[DemoDiscount, ...] = ()


ACCOUNTS = (
    DemoAccount("owner", "owner@dukkan.test", "Noura Al-Mutairi", "en", "dukkan"),
    DemoAccount("admin", "admin@dukkan.test", "Yousef Al-Enezi", "ar", "dukkan"),
    DemoAccount("member", "member@dukkan.test", "Dana Al-Rashid", "en", "dukkan"),
    DemoAccount("charity owner", "owner@sanad.test", "Fahad Al-Otaibi", "ar", "sanad"),
    DemoAccount("person", "person@people.test", "Sara Haddad", "en"),
    DemoAccount("platform operator", "operator@sadu.test", "Layla Operator", "en"),
)

DUKKAN = DemoTenant(
    slug="dukkan",
    name=("Dukkan", "دكان"),
    contact_email="orders@dukkan.test",
    locale="en",
    colour="#8a3b12",
    phone="+965 2224 4000",
    profile=DUKKAN_PROFILE,
    categories=(
        ("pantry", ("Pantry", "المؤونة"), ""),
        ("dates", ("Dates", "تمور"), "pantry"),
        ("honey", ("Honey", "عسل"), "pantry"),
        ("coffee", ("Coffee", "قهوة"), ""),
        ("services", ("Services", "خدمات"), ""),
    ),
    items=(
        DemoItem(
            "product",
            ("Sukkari dates", "تمر سكري"),
            ("Soft, golden, this year's harvest.", "طري وذهبي من محصول هذا العام."),
            "dates",
            (
                DemoVariant(("500 g", "٥٠٠ غرام"), "DATE-SUK-05", "2.250", 120),
                DemoVariant(("1 kg", "١ كيلو"), "DATE-SUK-10", "4.000", 60, "4.500"),
            ),
        ),
        DemoItem(
            "product",
            ("Sidr honey", "عسل سدر"),
            ("Raw honey from Sidr trees, 250 g.", "عسل خام من أشجار السدر، ٢٥٠ غرام."),
            "honey",
            (DemoVariant(None, "HON-SDR-25", "12.750", 4),),
        ),
        DemoItem(
            "product",
            ("Kuwaiti coffee", "قهوة كويتية"),
            ("Lightly roasted with cardamom and saffron.", "محمصة فاتحة بالهيل والزعفران."),
            "coffee",
            (DemoVariant(None, "COF-KW-25", "3.500", 80),),
        ),
        DemoItem(
            "service",
            ("Gift wrapping", "تغليف هدايا"),
            ("Wrapped by hand, with a card.", "تغليف يدوي مع بطاقة."),
            "services",
            (DemoVariant(None, "SRV-WRAP", "1.500", None),),
        ),
        DemoItem(
            "product",
            ("Ramadan box", "صندوق رمضان"),
            ("Being prepared.", "قيد التحضير."),
            "pantry",
            (DemoVariant(None, "BOX-RAM", "18.000", 0),),
            status="draft",
        ),
    ),
    zones=DUKKAN_ZONES,
    discounts=(
        DemoDiscount("AHLAN10", ("Ten percent off your first order", "خصم ١٠٪ على طلبك الأول"), "10", None, 500, 1),
        DemoDiscount("توصيل", ("Free delivery from 10 KWD", "توصيل مجاني من ١٠ دنانير"), None, "10.000"),
    ),
)

SANAD = DemoTenant(
    slug="sanad",
    name=("Sanad Charity", "جمعية سند"),
    contact_email="hello@sanad.test",
    locale="ar",
    colour="#0a7d5c",
    phone="+965 2225 5000",
    profile=SANAD_PROFILE,
    categories=(("projects", ("Projects", "مشاريع"), ""),),
    items=(
        DemoItem(
            "project",
            ("Water well", "حفر بئر"),
            ("A share in a well for a village.", "سهم في بئر لقرية."),
            "projects",
            (DemoVariant(None, "WELL-SHARE", "10.000", None),),
        ),
        DemoItem(
            "project",
            ("Iftar meals", "إفطار صائم"),
            ("One meal for one person.", "وجبة لشخص واحد."),
            "projects",
            (DemoVariant(None, "IFTAR-1", "1.250", None),),
        ),
    ),
)

TENANTS = (DUKKAN, SANAD)

FIRST_QUERY = """{
  store {
    name { en ar }
    items(first: 3) { nodes { slug name { value } price { amount currency } isAvailable variants { id } } }
  }
}"""
