"""Links to a store's places on social platforms: each to its platform's own host, and nowhere else."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import FaultCode, Faults

HOSTS: Mapping[str, frozenset[str]] = {
    "facebook": frozenset({"facebook.com", "fb.com"}),
    "instagram": frozenset({"instagram.com"}),
    "linkedin": frozenset({"linkedin.com"}),
    "pinterest": frozenset({"pinterest.com"}),
    "snapchat": frozenset({"snapchat.com"}),
    "telegram": frozenset({"t.me", "telegram.me"}),
    "threads": frozenset({"threads.net", "threads.com"}),
    "tiktok": frozenset({"tiktok.com"}),
    "x": frozenset({"x.com", "twitter.com"}),
    "youtube": frozenset({"youtube.com", "youtu.be"}),
}
"""By platform. `www.` and `m.` may stand before each."""

LONGEST = 500
# No place for a user, a port, a backslash or a letter of another script: what browsers and this would read differently.
PAGE = re.compile(r"https://(?:www\.|m\.)?(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/[A-Za-z0-9@._~!$&'()*+,;=:%/?#-]+")


@dataclass(frozen=True, slots=True)
class SocialLink:
    """A store's place on a platform, one of `HOSTS`."""

    platform: str
    url: str


def checked_links(links: Sequence[SocialLink], *field: str) -> list[SocialLink]:
    """At most one of each platform, in the order given. Raises everything that is wrong at once."""
    faults, seen = Faults(), set[str]()
    tidy = [SocialLink(link.platform, link.url.strip()) for link in links]
    for place, link in enumerate(tidy):
        path = (*field, str(place))
        if link.platform in seen:
            faults.add(FaultCode.INVALID, "One link to each platform.", *path, "platform")
        seen.add(link.platform)
        if len(link.url) > LONGEST:
            faults.add(FaultCode.TOO_LONG, f"At most {LONGEST} characters.", *path, "url")
        elif not leads_to(link.platform, link.url):
            host = min(HOSTS[link.platform])
            faults.add(FaultCode.INVALID, f"Write the address of the page as https://{host}/…", *path, "url")
    faults.raise_any()
    return tidy


def leads_to(platform: str, url: str) -> bool:
    """Whether the address is of a page on the platform's own host."""
    page = PAGE.fullmatch(url)
    return page is not None and page["host"] in HOSTS[platform]
