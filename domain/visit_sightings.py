"""What a storefront tells of a visit, and what is kept of it: nothing that says who somebody is.

Of addresses the path or the host is kept, never a query: those hold names, tokens and whatever else a mail program puts
into a link. Words and parts of paths that look like an email address, a telephone number or a token are left out,
however often they were percent-encoded.
"""

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from urllib.parse import SplitResult, unquote, urlsplit

from domain.errors import FaultCode, Faults, UserFault
from domain.texts import cleaned

LONGEST_PARAMETER, LONGEST_ADDRESS = 200, 2_000
PAGES = ("http", "https")
REFERRERS = (*PAGES, "android-app", "ios-app")
"""Apps that open a link tell their name in the place of a site's."""
HOST = re.compile(r"[\w.-]{1,253}")
TELLING = re.compile(r"[@\uff20\ufe6b%]|\+\d|00\d|\w[\w.=-]{30}")
"""What has none of these holds nothing that is looked for below; hardly any text has."""
AT = re.compile("[@\uff20\ufe6b]")
# With its country code: whatever else is only digits is more often the number of an advertisement.
PHONE = re.compile(r"(?<!\w)(?:\+|00)[1-9\u0661-\u0669](?:[ ().-]{0,2}\d){6,14}(?!\w)")
PHONES = re.compile(rf"\S*{PHONE.pattern}\S*")
# As computers write them: hexadecimal, or capitals, small letters and digits mixed. Slugs have no capitals.
TOKEN = re.compile(
    r"[0-9a-f]{32,}|[0-9A-F]{32,}|eyJ[\w.=-]{20,}|(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=\D*\d)[A-Za-z0-9_.=~-]{32,}"
)
QUERY = re.compile("[?#]")
MOST_ENCODED = 5
"""So often an address may have been percent-encoded; what still is then is left out."""
LEFT_OUT = "-"
"""Stands for a part of a path that was left out."""


@dataclass(frozen=True, slots=True)
class NewSighting:
    """What a storefront tells, as it was told. `visit_id` is None also where it is none of a visit."""

    visit_id: uuid.UUID | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    referrer: str | None = None
    landing_page: str | None = None


@dataclass(frozen=True, slots=True)
class Touch:
    """How somebody came to the store; all of it is None for one who simply came. Fields are columns of a visit."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    referrer: str | None = None
    landing_page: str | None = None

    @property
    def parameters(self) -> tuple[str | None, ...]:
        """The UTM parameters."""
        return (self.source, self.medium, self.campaign, self.term, self.content)

    def replaces(self, last: "Touch") -> bool:
        """Whether it becomes the last touch behind another: a campaign that is not the same, or another referrer.

        The landing page does not count, and whoever simply comes back came by what brought them before. `SEE_VISITS`
        asks the same of the visit that is stored.
        """
        if any(self.parameters):
            return self.parameters != last.parameters
        return self.referrer is not None and self.referrer != last.referrer


TOUCH_FIELDS = tuple(field.name for field in fields(Touch))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A visit that was seen once more, or for the first time: checked, and nothing in it that Postgres would refuse."""

    visit_id: uuid.UUID | None
    touch: Touch


def checked_sighting(given: NewSighting) -> Sighting:
    """What is kept of it. Raises everything that is wrong at once."""
    try:
        return Sighting(given.visit_id, touch_of(given, nullcontext))
    except UserFault:  # hardly ever: then it is worth looking for more
        faults = Faults()
        touch_of(given, faults.collecting)
        faults.raise_any()
        raise


def touch_of(given: NewSighting, each_part: Callable[[], AbstractContextManager[None]]) -> Touch:
    """`each_part` is around the check of each part."""
    kept: dict[str, str | None] = {}
    for name, field in PARAMETERS.items():
        with each_part():
            text = parameter(getattr(given, name), "utm", name)
            kept[name] = field(text) if text else None
    landing: SplitResult | None = None
    with each_part():
        landing = landing_page(given.landing_page)
        kept["landing_page"] = path_of(landing) if landing else None
    with each_part():
        referrer = referring_host(given.referrer)
        # From one page of the store to another is no way to the store.
        kept["referrer"] = None if landing and referrer == host_of(landing) else referrer
    return Touch(**{name: kept.get(name) for name in TOUCH_FIELDS})


def parameter(value: str | None, *field: str) -> str | None:
    """A UTM parameter without the words that may say who somebody is."""
    text = cleaned(value, *field, limit=LONGEST_PARAMETER)
    if text is None or not TELLING.search(text):
        return text
    # A telephone number may be several words.
    return " ".join(word for word in PHONES.sub("", text).split() if not tells_somebody(word)) or None


PARAMETERS: dict[str, Callable[[str], str]] = {
    "source": str.lower,
    "medium": str.lower,
    "campaign": str,
    "term": str,
    "content": str,
}
"""How each is spelled. Where somebody came from is one of a few, which every newsletter writes in its own way."""


def tells_somebody(text: str) -> bool:
    """It looks like an email address, a telephone number or a token."""
    plain = decoded(text)
    name, *rest = AT.split(plain)
    is_address = bool(name and any(rest))
    return is_address or plain != unquote(plain) or bool(PHONE.search(plain) or TOKEN.fullmatch(plain))


def decoded(text: str) -> str:
    """As it was before it was percent-encoded, be it several times."""
    for _ in range(MOST_ENCODED):
        plain = unquote(text)
        if plain == text:
            break
        text = plain
    return text


def landing_page(value: str | None) -> SplitResult | None:
    """The address of a page of the store: a path, or a whole address."""
    text = cleaned(value, "landingPage", limit=LONGEST_ADDRESS)
    if text is None:
        return None
    if text.startswith("/") and not text.startswith("//"):
        return SplitResult("", "", text.partition("#")[0].partition("?")[0], "", "")
    return checked_address(text, PAGES, "A landing page is a path, or an address of http or https.", "landingPage")


def path_of(address: SplitResult) -> str:
    """As people read it, and nothing behind a `?` or `#` that is spelt in percent signs."""
    path = QUERY.split(unquote(address.path or "/"), maxsplit=1)[0]
    if TELLING.search(path):
        path = "/".join(LEFT_OUT if tells_somebody(part) else part for part in path.split("/"))
    return cleaned(path, "landingPage", limit=LONGEST_ADDRESS) or "/"


def referring_host(value: str | None) -> str | None:
    text = cleaned(value, "referrer", limit=LONGEST_ADDRESS)
    if text is None:
        return None
    return host_of(checked_address(text, REFERRERS, "A referrer is the address of a page.", "referrer"))


def checked_address(text: str, schemes: tuple[str, ...], told: str, field: str) -> SplitResult:
    try:
        address = urlsplit(text)
        host = address.hostname or ""
    except ValueError:  # brackets that hold no address
        address, host = SplitResult("", "", "", "", ""), ""
    if address.scheme not in schemes or not HOST.fullmatch(host):
        raise UserFault(FaultCode.INVALID, told, (field,))
    return address


def host_of(address: SplitResult) -> str | None:
    return address.hostname
