"""Where a browser finds the stores."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class StorePages:
    """Addresses of pages of the stores, each on `{slug}.<base domain>`."""

    base_domain: str = "localhost"
    scheme: str = "http"
    port: int | None = None

    @classmethod
    def beside(cls, public_url: str, base_domain: str) -> Self:
        """By the scheme and on the port that the API is reached by."""
        parts = urlsplit(public_url)
        return cls(base_domain, parts.scheme, parts.port)

    def order_page(self, slug: str, token: str) -> str:
        """Where the buyer sees an order again. What is behind a `#` reaches no server, and so no log of one."""
        return f"{self.store(slug)}/orders#{token}"

    def invitation_page(self, slug: str, token: str) -> str:
        """Where an invitation is accepted; likewise."""
        return f"{self.store(slug)}/invitation#{token}"

    def store(self, slug: str) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{slug}.{self.base_domain}{port}"


ON_THIS_MACHINE = StorePages()
"""As long as nothing else is set."""
