"""Where things go: keys by which destinations meet the places of zones, the narrowest place first.

Shoppers write the names of areas by hand, and Arabic ones in Latin letters as it comes to them. So names are compared
by what is left without articles, doubled letters, marks and endings: `As-Salmiyya` is `Salmiyah`, and `السالميه` is
`السالمية`. It is no search: what is left must be equal, since it decides about money.
"""

import re
import unicodedata

from domain.address_forms import NewAddress, NewGeneralAddress, NewKuwaitAddress
from domain.countries import COUNTRIES
from domain.destinations import Destination, checked_destination
from domain.errors import FaultCode, UserFault

KUWAIT = "KW"
EVERYWHERE_ELSE = "*"

JOINED = re.compile(r"(?<=[a-z])(?=[A-Z])")
WORDS = re.compile(r"[^\W_]+")
SILENT = re.compile("['’‘`ʻʼʿʾـ]")
LATIN_ARTICLES = frozenset({"al", "el", "as", "es", "ash", "ar", "er", "ad", "ed", "an", "at", "az"})
ARABIC_LETTERS = str.maketrans("أإآٱىیئةؤکھ", "اااايييهوكه")
SPELLINGS = (
    (re.compile(r"ee"), "i"),
    (re.compile(r"oo|ou"), "u"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile(r"a[yi](?![aeiou])"), "ai"),
    (re.compile(r"ah$"), "a"),
    (re.compile(r"y$"), "i"),
)
"""Ways to write the same sound in Latin letters, in the order in which they are evened out."""


def destination_of(address: NewAddress) -> Destination:
    """Where an address is."""
    if isinstance(address, NewKuwaitAddress):
        return Destination(KUWAIT, address.governorate, address.area)
    if isinstance(address, NewGeneralAddress):
        return Destination(address.country)
    raise TypeError("an address has one of the two forms")


def keys_of(destination: Destination, *field: str) -> list[str]:
    """What the places that it lies in are found by, the narrowest first. Raises everything that is wrong with it."""
    where = checked_destination(destination, *field)
    keys = [country_key(where.country), EVERYWHERE_ELSE]
    if where.governorate is not None:
        keys.insert(0, governorate_key(where.governorate))
        named = plain(where.area or "")
        if named:  # signs alone name no area, and no zone has such
            keys.insert(0, area_key(where.governorate, named))
    return keys


def checked_country(code: str, *field: str) -> str:
    """Two letters of ISO 3166-1, Kuwait's among them."""
    country = code.strip().upper()
    if not code.isascii() or country not in COUNTRIES:
        message = "A country is written in two letters, such as KW (ISO 3166-1)."
        raise UserFault(FaultCode.INVALID, message, field)
    return country


def country_key(country: str) -> str:
    return country


def governorate_key(governorate: str) -> str:
    return f"{KUWAIT}/{governorate}"


def area_key(governorate: str, plain_name: str) -> str:
    return f"{KUWAIT}/{governorate}/{plain_name}"


def plain(name: str) -> str:
    """What is left of the name of an area, in its own script; empty where it has neither letters nor digits."""
    text = JOINED.sub(" ", unicodedata.normalize("NFKC", name))
    text = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    # Hamza above and below are marks by now, and are gone.
    text = SILENT.sub("", text.casefold()).translate(ARABIC_LETTERS)
    words = WORDS.findall(text)
    told = [bare(each) for each in words]
    return "".join(evened(each) for each in (told if any(told) else words))


def bare(word: str) -> str:
    """A word without its article; empty where it is one."""
    if word in LATIN_ARTICLES:
        return ""
    return word[2:] if word.startswith("ال") and len(word) > 3 else word


def evened(word: str) -> str:
    word = "".join(str(unicodedata.digit(each)) if each.isdigit() else each for each in word)
    if word.isascii():
        for spelling, one in SPELLINGS:
            word = spelling.sub(one, word)
    return word
