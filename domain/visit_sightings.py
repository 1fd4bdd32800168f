"""What a storefront tells of a visit, and what is kept of it: nothing that says who somebody is.

Of addresses the path or the host is kept, never a query: those hold names, tokens and whatever else a mail program puts
into a link. Words and parts of paths that look like an email address are left out.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields
from urllib.parse import SplitResult, unquote, urlsplit

from domain.errors import FaultCode, Faults, UserFault
from domain.texts import cleaned

LONGEST_PARAMETER, LONGEST_ADDRESS = 200, 2_000
PAGES = ("http", "https")
REFERRERS = (*PAGES, "android-app", "ios-app")
"""Apps that open a link tell their name in the place of a site's."""
HOST = re.compile(r"[\w.-]{1,253}")
AT = re.compile("@|%40", re.IGNORECASE)
LEFT_OUT = "-"
"""Stands for a part of a path that looked like an email address."""


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
    faults, kept = Faults(), dict[str, str | None]()
    for name, field in PARAMETERS.items():
        with faults.collecting():
            text = parameter(getattr(given, name), "utm", name)
            kept[name] = field(text) if text else None
    landing: SplitResult | None = None
    with faults.collecting():
        landing = landing_page(given.landing_page)
        kept["landing_page"] = path_of(landing) if landing else None
    with faults.collecting():
        referrer = referring_host(given.referrer)
        # From one page of the store to another is no way to the store.
        kept["referrer"] = None if landing and referrer == host_of(landing) else referrer
    faults.raise_any()
    return Sighting(given.visit_id, Touch(**kept))


def parameter(value: str | None, *field: str) -> str | None:
    """A UTM parameter without the words that look like an email address."""
    text = cleaned(value, *field, limit=LONGEST_PARAMETER)
    if text is None or not AT.search(text):
        return text
    return " ".join(word for word in text.split() if not is_like_an_email(word)) or None


PARAMETERS: dict[str, Callable[[str], str]] = {
    "source": str.lower,
    "medium": str.lower,
    "campaign": str,
    "term": str,
    "content": str,
}
"""How each is spelled. Where somebody came from is one of a few, which every newsletter writes in its own way."""


def is_like_an_email(text: str) -> bool:
    name, *rest = AT.split(text)
    return bool(name and any(rest))


def landing_page(value: str | None) -> SplitResult | None:
    """The address of a page of the store: a path, or a whole address."""
    text = cleaned(value, "landingPage", limit=LONGEST_ADDRESS)
    if text is None:
        return None
    if text.startswith("/") and not text.startswith("//"):
        return SplitResult("", "", text.partition("#")[0].partition("?")[0], "", "")
    return checked_address(text, PAGES, "A landing page is a path, or an address of http or https.", "landingPage")


def path_of(address: SplitResult) -> str:
    """As people read it. What it spells in percent signs is looked at, too."""
    parts = unquote(address.path or "/").split("/")
    path = "/".join(LEFT_OUT if is_like_an_email(part) else part for part in parts)
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
