"""Sessions for browsers: the refresh token travels in a cookie that no script can read and no other site can use."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from gql.access import forbidden
from gql.refresh_cookies import RefreshCookie
from server.callers import Callers
from server.exchanges import Answer
from server.headers import RequestHeaders
from server.http import check_method

PATH = "/session/graphql"
COOKIE = "sadu_refresh"
COOKIE_SECONDS = 30 * 24 * 60 * 60
"""As long as a session lives at most; each refresh sets the cookie anew."""
ALLOWED = frozenset(
    {
        "sessionSignIn",
        "sessionVerify",
        "sessionRecover",
        "sessionRefresh",
        "sessionSignOut",
        "sessionSignOutEverywhere",
        "__typename",
    }
)
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class BrowserSessions:
    """Who may ask at `PATH`, for what, and what becomes of the cookie.

    `origins` may ask besides the pages of the request's own host. `public_url` tells the scheme that clients see, where
    no trusted proxy does.
    """

    def __init__(self, callers: Callers, *, origins: Collection[str], public_url: str) -> None:
        self._callers, self._origins, self._scheme = callers, frozenset(origins), urlsplit(public_url).scheme

    def admit(self, method: str, headers: RequestHeaders) -> RefreshCookie:
        """The cookie of a request from a page that may ask; raises a `Refusal` for any other, before anything is done.

        Browsers add `Origin` to every POST and let no script change it.
        """
        check_method(method, headers)
        origins = headers.all(b"origin")
        if len(origins) != 1 or origins[0] not in {*self._origins, self._own_origin(headers)}:
            raise forbidden("This address is for pages of its own origin: the header `Origin` must name that.")
        return RefreshCookie(cookie_of(headers))

    def check_roots(self, names: Sequence[str]) -> None:
        """Raises a `Refusal` for anything but sessions: no other answer is worth a request that comes with a cookie."""
        if not ALLOWED.issuperset(names):
            raise forbidden(f"Ask `/graphql` for this; {PATH} is for {', '.join(sorted(ALLOWED))}.")

    def told(self, answer: Answer, cookie: RefreshCookie, headers: RequestHeaders) -> Answer:
        """The answer to a request with these headers, with what the browser is to keep."""
        if cookie.granted is not None:
            return self._setting(answer, cookie.granted, COOKIE_SECONDS, headers)
        return self._setting(answer, "", 0, headers) if cookie.is_cleared else answer

    def _setting(self, answer: Answer, value: str, seconds: int, headers: RequestHeaders) -> Answer:
        secure = "" if self._scheme_of(headers) == "http" else "; Secure"
        cookie = f"{COOKIE}={value}; HttpOnly; SameSite=Strict; Path={PATH}; Max-Age={seconds}{secure}"
        return replace(answer, more={**answer.more, "set-cookie": cookie})

    def _own_origin(self, headers: RequestHeaders) -> str:
        """Scheme and host as the browser sees them."""
        scheme = self._scheme_of(headers)
        host = self._callers.host(headers).lower()
        return f"{scheme}://{host.removesuffix(DEFAULT_PORTS.get(scheme, ''))}"

    def _scheme_of(self, headers: RequestHeaders) -> str:
        """As the browser sees it."""
        return self._callers.forwarded(headers, b"x-forwarded-proto") or self._scheme


def cookie_of(headers: RequestHeaders) -> str | None:
    """The refresh token in the cookie. Of two nobody knows which is ours, so neither counts."""
    pairs = [pair.partition("=") for header in headers.all(b"cookie") for pair in header.split(";")]
    values = [value.strip() for name, _, value in pairs if name.strip() == COOKIE]
    return values[0] if len(values) == 1 and values[0] else None
