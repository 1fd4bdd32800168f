"""The audit log in the API."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from db.models import AuditEntry as AuditEntryRow
from domain import audit
from domain.actors import ActorKind
from domain.pages import PageRequest
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id
from gql.orders import TimelineActorKind


@strawberry.type(description="Who did something.")
class AuditActor:
    name: str = strawberry.field(description="What the person, or the API key, is called now.")
    email: str | None = strawberry.field(description="The person's address; null for an API key.")


@strawberry.type(description="One thing that is known about an act.")
class AuditDetail:
    name: str = strawberry.field(description="What is told, such as `before`.")
    value: str = strawberry.field(description="As it was then; several values are separated by commas.")


@strawberry.type(description="One act on the tenant, its team or the account of somebody who works here.")
class AuditEntry:
    stored: strawberry.Private[AuditEntryRow]
    id: strawberry.ID = strawberry.field(description="Identifier.")
    act: str = strawberry.field(description="What was done, such as `team.role`; more acts may come to be recorded.")
    actor_kind: TimelineActorKind = strawberry.field(description="What sort of being did it.")
    address: str | None = strawberry.field(description="The IP address that it was asked from, if that was told.")
    request_id: str | None = strawberry.field(description="The `X-Request-Id` of the answer.")
    at: datetime = strawberry.field(description="When.")

    @strawberry.field(description="Who did it; null for an operator of the platform, and for nobody known.")
    async def actor(self, info: Info) -> AuditActor | None:
        if self.stored.actor_id is None:
            return None
        return await find_actor(info, ActorKind(self.stored.actor_kind), self.stored.actor_id)

    @strawberry.field(description="What is known besides, such as the roles before and after.", directives=[usually(3)])
    def details(self) -> list[AuditDetail]:
        return details_of(self.stored.details)


ActFilter = Annotated[str | None, strawberry.argument(description="Only acts of this name.")]


@strawberry.type(description="The audit log in the back office.")
class AuditFields:
    @strawberry.field(
        description="Who did what, when and from where, the latest first. Needs `audit:read`, which owners have: "
        "anyone else gets null and an error."
    )
    async def audit_entries(
        self, info: Info, first: First = 20, after: After = None, act: ActFilter = None
    ) -> Connection[AuditEntry] | None:
        page_request = PageRequest(first, after)
        async with info.context.read() as session:
            page = await audit.list_entries(session, actor=info.context.actor, page=page_request, act=act)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await audit.count_entries(session, actor=info.context.actor, act=act)

        return Connection[AuditEntry].of(page, entry_of, count)


async def find_actor(info: Info, kind: ActorKind, actor_id: UUID) -> AuditActor | None:
    """The name by which the tenant knows the actor; of operators it knows none."""
    if kind is ActorKind.PERSON:
        person = await info.context.loaders.of(audit.people_by_id).load(actor_id)
        return AuditActor(name=person.name, email=person.email) if person else None
    if kind is ActorKind.API_KEY:
        key = await info.context.loaders.of(audit.keys_by_id).load(actor_id)
        return AuditActor(name=key, email=None) if key else None
    return None


def details_of(details: Mapping[str, Any]) -> list[AuditDetail]:
    return [AuditDetail(name=name, value=shown(value)) for name, value in details.items() if value is not None]


def shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    return value if isinstance(value, str) else json.dumps(value)


def entry_of(row: AuditEntryRow) -> AuditEntry:
    return AuditEntry(
        stored=row,
        id=global_id("audit", row.id),
        act=row.act,
        actor_kind=TimelineActorKind(row.actor_kind),
        address=row.address,
        request_id=row.request_id,
        at=row.created_at,
    )
