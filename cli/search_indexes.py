"""Which tenants are searched in an index outside: begun, made anew and ended here."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bootstrap import Parts, build_parts
from db.rows import LoneRows
from domain.callers import TenantUnknown, identify
from domain.search_indexes import IndexUnavailable, SearchIndexes
from domain.search_indexing import ReindexOvertaken, leave, reindex
from settings import Settings


@dataclass(frozen=True, slots=True)
class Indexed:
    """A tenant, and the indexes that it may have one among."""

    parts: Parts
    indexes: SearchIndexes
    tenant_id: uuid.UUID


async def reindex_tenant(settings: Settings, slug: str) -> str:
    """Search the tenant in a new index from now on; its name."""
    async with tenant_named(settings, slug) as tenant:
        return await reindex(tenant.parts.database, tenant.indexes, tenant.tenant_id)


async def leave_index(settings: Settings, slug: str) -> None:
    """Search the tenant in Postgres again."""
    async with tenant_named(settings, slug) as tenant:
        await leave(tenant.parts.database, tenant.indexes, tenant.tenant_id)


@asynccontextmanager
async def tenant_named(settings: Settings, slug: str) -> AsyncGenerator[Indexed]:
    parts = build_parts(settings)
    try:
        if parts.search_indexes is None:
            raise SystemExit("this needs SADU_SEARCH_ENGINE=elasticsearch")
        yield Indexed(parts, parts.search_indexes, await tenant_of(parts, slug))
    except TenantUnknown:
        raise SystemExit(f"no tenant has the slug {slug}") from None
    except IndexUnavailable as error:
        raise SystemExit(f"Elasticsearch did not do it: {error.__cause__ or error}; begin again") from None
    except ReindexOvertaken:
        raise SystemExit("another reindexing has begun meanwhile, and this one was given up") from None
    finally:
        await parts.close()


async def tenant_of(parts: Parts, slug: str) -> uuid.UUID:
    found = await identify(LoneRows(parts.database), header_slug=slug, host_slug=None)
    if found.tenant is None:
        raise TenantUnknown
    return found.tenant.id
