"""Where a shopper may be sent back to from a provider's page: a store's own pages, and nowhere else."""

import re
from urllib.parse import urlsplit

from domain.errors import FaultCode, UserFault
from domain.payment_gateways import Gateways

LONGEST = 2_000
# No backslash, no user, no letter of another script: what browsers and this would read differently.
WRITTEN = re.compile(
    r"(?P<origin>(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[::1\])(?::(?P<port>[0-9]{1,5}))?)"
    r"(?:[/?#][A-Za-z0-9@._~!$&'()*+,;=:%/?#-]*)?",
    re.ASCII | re.IGNORECASE,
)
DEFAULT_PORTS = {"http": "80", "https": "443"}
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})


def checked_return_url(gateways: Gateways, url: str, *, slug: str) -> str:
    """The address, if it is a page of the store's, or of an origin that the platform has been told to trust."""
    written = WRITTEN.fullmatch(url) if len(url) <= LONGEST else None
    if written is None:
        raise UserFault(FaultCode.INVALID, "This is no address of a page.", ("returnUrl",))
    scheme, host = written["scheme"].lower(), written["host"].lower()
    port = "" if written["port"] in (None, DEFAULT_PORTS[scheme]) else f":{written['port']}"
    origin = f"{scheme}://{host}{port}"
    is_here = host in THIS_MACHINE or host.endswith(".localhost")
    if origin in allowed_origins(gateways, slug) or (is_here and gateways.returns_to_this_machine):
        return f"{origin}{url[len(written['origin']) :]}"
    raise UserFault(FaultCode.INVALID, "This is not a page of the store's.", ("returnUrl",))


def allowed_origins(gateways: Gateways, slug: str) -> frozenset[str]:
    """Plain http only where the platform itself is reached by it."""
    pages = {*gateways.return_origins, gateways.store_pages.store(slug)}
    is_secure = urlsplit(gateways.public_url).scheme == "https"
    return frozenset(each for each in pages if each.startswith("https://") or not is_secure)
