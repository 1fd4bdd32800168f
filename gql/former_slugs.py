"""Slugs that a tenant had before: they still lead to it, until it lets them go."""

from datetime import datetime

import strawberry

from domain import tenant_slugs
from domain.actors import Permission
from gql.access import staff
from gql.context import Info
from gql.cost import usually
from gql.roots import Payload, mutation


@strawberry.type(description="A slug that the tenant had. Whoever names it is answered `TENANT_MOVED`.")
class FormerSlug:
    slug: str = strawberry.field(description="Nobody else can have it meanwhile; the tenant may take it back.")
    left_at: datetime = strawberry.field(description="When the tenant took another.")
    leads_until: datetime = strawberry.field(description="A year later; from then on it is anybody's.")


@strawberry.type(description="Former slugs in the back office.")
class FormerSlugFields:
    @strawberry.field(
        description="Up to five that still lead here, the one left last first. Needs `tenant:manage`: without it null "
        "and an error.",
        directives=[usually(5)],
    )
    async def former_slugs(self, info: Info) -> list[FormerSlug] | None:
        async with info.context.read() as session:
            rows = await tenant_slugs.list_former(session, actor=info.context.actor)
        return [FormerSlug(slug=row.slug, left_at=row.left_at, leads_until=row.expires_at) for row in rows]


@strawberry.input(description="Which former slug to let go.")
class TenantSlugReleaseInput:
    slug: str = strawberry.field(description="One of `formerSlugs`.")


@strawberry.type(description="Whether a former slug was let go.")
class TenantSlugReleasePayload(Payload):
    slug: str | None = strawberry.field(default=None, description="It; null when `userErrors` says why not.")


@strawberry.type
class FormerSlugMutation:
    @mutation(
        TenantSlugReleasePayload,
        access=staff(Permission.TENANT_MANAGE),
        description="Let a former slug go: it leads nowhere from now on, and anybody may take it.",
    )
    async def tenant_slug_release(self, info: Info, input: TenantSlugReleaseInput) -> TenantSlugReleasePayload | None:
        slug = input.slug.lower()
        async with info.context.write() as session:
            await tenant_slugs.release(session, actor=info.context.actor, slug=slug)
        return TenantSlugReleasePayload(slug=slug)
