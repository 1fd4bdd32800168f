"""Speaking to Elasticsearch: the client, the names of a tenant's aliases, and what counts as away."""

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from elastic_transport import HttpxAsyncHttpNode
from elasticsearch import ApiError, AsyncElasticsearch, TransportError

SEARCH_SECONDS = 5.0
WRITE_SECONDS = 20.0

log = structlog.get_logger("sadu.elasticsearch")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, and the environment whose indexes are ours in it."""

    client: AsyncElasticsearch
    environment: str

    @classmethod
    def at(cls, url: str, api_key: str | None, environment: str) -> "Cluster":
        """Connects nothing yet. The outbox tries again, and so do shoppers: the client itself does not."""
        client = AsyncElasticsearch(
            url,
            api_key=api_key,
            node_class=HttpxAsyncHttpNode,
            request_timeout=SEARCH_SECONDS,
            max_retries=0,
            http_compress=True,
        )
        return cls(client, environment)

    def alias(self, tenant_id: uuid.UUID) -> str:
        """By which a tenant's items are searched and written: made of the tenant alone, never of what was asked."""
        return f"sadu-{self.environment}-{tenant_id}"

    async def close(self) -> None:
        await self.client.close()


def own_alias(index: str) -> str:
    """By which one index is written. It goes with the index: writing to it makes no other."""
    return f"{index}-own"


@contextmanager
def reaching(doing: str, away: type[Exception]) -> Generator[None]:
    """Raises `away` for what may be otherwise later. Only what the cluster cannot understand is a mistake of ours."""
    try:
        yield
    except (ApiError, TransportError) as error:
        status = error.status_code if isinstance(error, ApiError) else None
        log.warning("elasticsearch_failed", doing=doing, error=type(error).__name__, status=status)
        if status == 400:
            raise
        raise away(doing) from error
