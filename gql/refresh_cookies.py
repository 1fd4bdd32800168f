"""Where a browser keeps its refresh token: in a cookie, out of reach of the page's scripts."""

from dataclasses import dataclass


@dataclass(slots=True)
class RefreshCookie:
    """The cookie of one request. Whoever serves the request says in the answer's headers what is to be kept."""

    given: str | None
    """What the browser sent."""
    granted: str | None = None
    """What it is to keep from now on."""
    is_cleared: bool = False

    def keep(self, refresh_token: str) -> None:
        self.granted, self.is_cleared = refresh_token, False

    def clear(self) -> None:
        """Let the browser forget it: its session has ended."""
        self.granted, self.is_cleared = None, True
