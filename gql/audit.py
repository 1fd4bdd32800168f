"""The audit log in the API."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from db.models import AuditEntry as AuditEntryRow
from domain import audit
from domain.pages import PageRequest
from gql.actors import ActorKind
from gql.audit_acts import AuditAct, act_of
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id
from gql.scalars import written

IDENTIFIERS: Mapping[str, str] = {"export_id": "export", "import_id": "import"}
"""Details that are identifiers of rows: what they are identifiers of."""


@strawberry.type(description="Who did something.")
class AuditActor:
    id: strawberry.ID = strawberry.field(description="Identifier of the person or API key.")
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
    act: AuditAct = strawberry.field(description="What was done.")
    act_name: str = strawberry.field(description="The same as it is kept, such as `team.role`; also what is `OTHER`.")
    actor_kind: ActorKind = strawberry.field(description="What sort of being did it.")
    address: str | None = strawberry.field(
        description="The IP address that it was asked from; null where none was told."
    )
    request_id: str | None = strawberry.field(
        description="The `X-Request-Id` of the answer; null for what was done without a request."
    )
    at: datetime = strawberry.field(description="When.")

    @strawberry.field(
        description="Who did it; null for an operator of the platform, whose name is not the tenant's to know."
    )
    async def actor(self, info: Info) -> AuditActor | None:
        if self.stored.actor_id is None:
            return None
        return await find_actor(info, self.actor_kind, self.stored.actor_id)

    @strawberry.field(description="What is known besides, such as the roles before and after.", directives=[usually(3)])
    def details(self) -> list[AuditDetail]:
        return details_of(self.stored.details)


ActFilter = Annotated[AuditAct | None, strawberry.argument(description="Only such acts.")]


@strawberry.type(description="The audit log in the back office.")
class AuditFields:
    @strawberry.field(
        description="Who did what, when and from where, the latest first. Needs `audit:read`, which owners have: "
        "anyone else gets null and an error."
    )
    async def audit_entries(
        self, info: Info, first: First = 20, after: After = None, act: ActFilter = None
    ) -> Connection[AuditEntry] | None:
        wanted, page_request = written(act), PageRequest(first, after)
        async with info.context.read() as session:
            page = await audit.list_entries(session, actor=info.context.actor, page=page_request, act=wanted)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await audit.count_entries(session, actor=info.context.actor, act=wanted)

        return Connection[AuditEntry].of(page, entry_of, count)


async def find_actor(info: Info, kind: ActorKind, actor_id: UUID) -> AuditActor | None:
    """The name by which the tenant knows the actor; of operators it knows none."""
    if kind is ActorKind.PERSON:
        person = await info.context.loaders.of(audit.people_by_id).load(actor_id)
        return AuditActor(id=global_id("person", person.id), name=person.name, email=person.email) if person else None
    if kind is ActorKind.API_KEY:
        key = await info.context.loaders.of(audit.keys_by_id).load(actor_id)
        return AuditActor(id=global_id("key", actor_id), name=key, email=None) if key else None
    return None


def details_of(details: Mapping[str, Any]) -> list[AuditDetail]:
    return [AuditDetail(name=name, value=told(name, value)) for name, value in details.items() if value is not None]


def told(name: str, value: object) -> str:
    """Rows keep plain identifiers; people are told those that the API takes."""
    return global_id(IDENTIFIERS[name], UUID(str(value))) if name in IDENTIFIERS else shown(value)


def shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    return value if isinstance(value, str) else json.dumps(value)


def entry_of(row: AuditEntryRow) -> AuditEntry:
    return AuditEntry(
        stored=row,
        id=global_id("audit", row.id),
        act=act_of(row.act),
        act_name=row.act,
        actor_kind=ActorKind(row.actor_kind),
        address=row.address,
        request_id=row.request_id,
        at=row.created_at,
    )
