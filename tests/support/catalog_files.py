"""A file as a Kuwaiti shop really has it: 200 rows in both languages, and ten mistakes that people make."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO

HEADINGS = (
    "item",
    "kind",
    "status",
    "name_en",
    "name_ar",
    "description_en",
    "description_ar",
    "categories",
    "sku",
    "price",
    "compare_at_price",
    "stock",
)
CATEGORIES = ("perfume", "dates", "coffee", "clothing", "giving")

Goods = tuple[str, str, str, str, str]
"""Slug of the category, English, Arabic, prefix of the SKU, price."""
GOODS: Sequence[Goods] = (
    ("perfume", "Cambodian oud", "عود كمبودي", "OUD", "45.000"),
    ("perfume", "Hindi oud oil", "دهن عود هندي", "DHN", "38.500"),
    ("perfume", "Bakhoor Maamoul", "بخور معمول", "BKH", "6.750"),
    ("perfume", "Taif rose attar", "عطر ورد طائفي", "TAF", "22.250"),
    ("dates", "Ajwa dates", "تمر عجوة", "AJW", "4.750"),
    ("dates", "Sukkari dates", "تمر سكري", "SUK", "3.250"),
    ("dates", "Khalas dates with almonds", "تمر خلاص باللوز", "KHL", "5.900"),
    ("coffee", "Arabic coffee, light roast", "قهوة عربية شقراء", "QHW", "3.750"),
    ("coffee", "Yemeni Harazi beans", "بن حرازي يمني", "HRZ", "7.500"),
    ("coffee", "Cardamom", "هيل", "HEL", "2.125"),
    ("clothing", "Abaya, black crepe", "عباية كريب سوداء", "ABY", "28.000"),
    ("clothing", "Bisht, hand-sewn", "بشت خياطة يدوية", "BSH", "120.000"),
    ("clothing", "Daraa for Girgian", "دراعة قرقيعان", "DRA", "18.500"),
)
PROJECTS = (
    ("Water well in Niger", "حفر بئر في النيجر"),
    ("Iftar meals", "إفطار صائم"),
    ("Orphan's school bag", "حقيبة مدرسية ليتيم"),
    ("Winter clothing", "كسوة الشتاء"),
    ("Surgery for a child", "عملية جراحية لطفل"),
)


@dataclass(slots=True)
class CatalogFile:
    """Rows by heading, as they are typed into a spreadsheet."""

    rows: list[dict[str, str]]
    headings: Sequence[str] = field(default=HEADINGS)

    def content(self, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
        """As a spreadsheet saves it."""
        cells = [list(self.headings), *([row.get(heading, "") for heading in self.headings] for row in self.rows)]
        buffer = StringIO()
        csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(cells)
        return buffer.getvalue().encode(encoding)

    def with_latin_digits(self) -> "CatalogFile":
        """Windows-1256 has Arabic letters, but no Arabic digits."""
        latin = str.maketrans("٠١٢٣٤٥٦٧٨٩٫", "0123456789.")
        return CatalogFile([{name: cell.translate(latin) for name, cell in row.items()} for row in self.rows])

    def with_changes(self, changes: Mapping[int, Mapping[str, str]]) -> "CatalogFile":
        """The same file with other cells, by the number of the row in a spreadsheet."""
        return CatalogFile(
            [{**row, **changes.get(number, {})} for number, row in enumerate(self.rows, 2)], self.headings
        )


def kuwaiti_shop() -> CatalogFile:
    """195 products, 15 of each, in rows 2 to 196; and five projects."""
    rows = [product(goods, number) for goods in GOODS for number in range(1, 16)]
    for number, (english, arabic) in enumerate(PROJECTS, 1):
        rows.append(
            {
                "item": f"project-{number}",
                "kind": "مشروع",
                "status": "نشط",
                "name_en": english,
                "name_ar": arabic,
                "categories": "giving",
                "sku": f"PRJ-{number}",
                "price": "١٠٫٥٠٠",
                "stock": "غير محدود",
            }
        )
    return CatalogFile(rows)


def product(goods: Goods, number: int) -> dict[str, str]:
    category, english, arabic, prefix, price = goods
    return {
        "item": f"{prefix.lower()}-{number}",
        "kind": "product",
        "status": "active" if number % 3 else "draft",
        "name_en": f"{english} no. {number}",
        "name_ar": f"{arabic} رقم {number}",
        "description_en": f'Our "{english}".\nSold in Mubarakiya since 1961, by the piece; no. {number}.',
        "description_ar": f"«{arabic}» من المباركية،\nصنف رقم {number}",
        "categories": category,
        "sku": f"{prefix}-{number:03}",
        "price": price,
        "compare_at_price": "150" if number == 1 else "",
        "stock": str(number * 4) if number % 5 else "unlimited",
    }


MISTAKES: Mapping[int, Mapping[str, str]] = {
    5: {"price": "-45.000"},
    17: {"price": "38.5001"},
    33: {"price": "6,750"},
    48: {"sku": "TAF-001"},
    64: {"categories": "dattes"},
    80: {"name_en": "", "name_ar": ""},
    95: {"kind": "prodct"},
    111: {"stock": "2.5"},
    155: {"compare_at_price": "20"},
    197: {"price": "", "status": "archived"},
}
"""Ten rows; the last has two mistakes, and the one of row 48 is a SKU that another row has."""
WRONG: Sequence[tuple[int, str, str]] = (
    (5, "price", "INVALID"),
    (17, "price", "INVALID"),
    (33, "price", "INVALID"),
    (48, "sku", "TAKEN"),
    (64, "categories", "NOT_FOUND"),
    (80, "name_en", "REQUIRED"),
    (95, "kind", "INVALID"),
    (111, "stock", "INVALID"),
    (155, "compare_at_price", "INVALID"),
    (197, "status", "INVALID"),
    (197, "price", "REQUIRED"),
)
