"""From values to the two bodies of a mail: HTML with everything escaped, and plain text."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.notifications.wording import LABELS

HEX_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
PLAIN_COLOUR = "#1f2937"
"""The header's background where a tenant has chosen no colour."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """A mail's content in both forms."""

    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mail it looks like: a tenant's or the platform's."""

    name: str
    colour: str = PLAIN_COLOUR
    email: str | None = None
    phone: str | None = None


def render(template: str, locale: str, sender: Sender, **values: object) -> Bodies:
    """Fill `template`.html and `template`.txt in a language."""
    common = {
        "locale": locale,
        "direction": "rtl" if locale == "ar" else "ltr",
        "ltr": left_to_right if locale == "ar" else str,
        "label": LABELS[locale],
        "sender": sender,
        "ink": readable_on(sender.colour),
        **values,
    }
    return Bodies(
        text=environment.get_template(f"{template}.txt").render(common),
        html=environment.get_template(f"{template}.html").render(common),
    )


def amount(value: Decimal, currency: str) -> str:
    """Money as it stands in a mail: `1,234.500 KWD`, always three decimals."""
    return f"{value:,.3f} {currency}"


def one_line(text: str) -> str:
    """A subject: line breaks of every alphabet become spaces, other control characters go."""
    joined = " ".join(text.split())
    return "".join(each for each in joined if unicodedata.category(each) != "Cc")


def brand_colour(colour: str | None) -> str:
    """The tenant's colour if it is one, so that nothing else ever stands in a style attribute."""
    return colour if colour and HEX_COLOUR.fullmatch(colour) else PLAIN_COLOUR


def readable_on(colour: str) -> str:
    """Black or white, whichever stands out more; the weights are the eye's (ITU-R BT.601)."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#000000" if red * 0.299 + green * 0.587 + blue * 0.114 > 150 else "#ffffff"


def left_to_right(text: str) -> str:
    """Isolates an amount or a telephone number in an Arabic line, which would put their parts in another order."""
    return f"\u2066{text}\u2069"


environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
