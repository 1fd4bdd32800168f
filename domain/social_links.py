"""Links to a store's places on social platforms: each to its platform's own host, and nowhere else."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import FaultCode, Faults

HOSTS: Mapping[str, Sequence[str]] = {
    "facebook": ("facebook.com", "fb.com"),
    "instagram": ("instagram.com",),
    "linkedin": ("linkedin.com",),
    "pinterest": ("pinterest.com",),
    "snapchat": ("snapchat.com",),
    "telegram": ("t.me", "telegram.me"),
    "threads": ("threads.com", "threads.net"),
    "tiktok": ("tiktok.com",),
    "x": ("x.com", "twitter.com"),
    "youtube": ("youtube.com", "youtu.be"),
}
"""By platform, the one to recommend first. `www.` and `m.` may stand before each."""

LONGEST = 500
# No place for a user, a port, a backslash or a letter of another script: what browsers and this would read differently.
# Nor for a quotation mark of either kind: an attribute of HTML might end there.
PAGE = re.compile(r"https://(?:www\.|m\.)?(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/[A-Za-z0-9@._~!$&()*+,;=:%/?#-]+")

ORIGIN = re.compile(r"^https://[a-z0-9.-]+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class SocialLink:
    """A store's place on a platform, one of `HOSTS`."""

    platform: str
    url: str


def checked_links(links: Sequence[SocialLink], *field: str) -> list[SocialLink]:
    """At most one of each platform, in the order given. Raises everything that is wrong at once."""
    faults, seen = Faults(), set[str]()
    tidy = [SocialLink(link.platform, with_plain_host(link.url.strip())) for link in links]
    for place, link in enumerate(tidy):
        path = (*field, str(place))
        if link.platform in seen:
            faults.add(FaultCode.INVALID, "One link to each platform.", *path, "platform")
        seen.add(link.platform)
        if len(link.url) > LONGEST:
            faults.add(FaultCode.TOO_LONG, f"At most {LONGEST} characters.", *path, "url")
        elif not leads_to(link.platform, link.url):
            host = HOSTS[link.platform][0]
            faults.add(FaultCode.INVALID, f"Write the address of the page as https://{host}/…", *path, "url")
    faults.raise_any()
    return tidy


def with_plain_host(url: str) -> str:
    """Scheme and host in lower case, as which they mean the same; what stands behind them may differ by case."""
    return ORIGIN.sub(lambda origin: origin[0].lower(), url, count=1)


def leads_to(platform: str, url: str) -> bool:
    """Whether the address is of a page on the platform's own host."""
    page = PAGE.fullmatch(url)
    return page is not None and page["host"] in HOSTS[platform]
