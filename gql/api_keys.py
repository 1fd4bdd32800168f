"""API keys in the back office: for a tenant's own programs."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from db.models import ApiKey as ApiKeyRow
from domain import api_keys, audit
from domain.actors import Permission
from domain.api_keys import Issued, NewKey
from domain.pages import PageRequest
from gql.access import staff
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id, row_id
from gql.roots import Payload, mutation
from gql.scalars import written
from gql.team import Colleague, colleague_of

MANAGE = staff(Permission.API_KEYS_MANAGE)
SHOWN_ONCE = "The key itself, to be sent as `Authorization: Bearer sadu_live_…`. Keep it now: nobody can show it again."
DAYS = "1 to 3,650; null for a key that never expires."


@strawberry.enum(description="What an API key may do. People, keys and the tenant itself are out of its reach.")
class ApiKeyScope(Enum):
    CATALOG_READ = strawberry.enum_value(
        "catalog:read", description="See the catalogue as staff do: drafts and exact stock."
    )
    CATALOG_MANAGE = strawberry.enum_value(
        "catalog:manage",
        description="Change items, variants, categories and discount codes. To see the result wants `CATALOG_READ`.",
    )
    ORDERS_READ = strawberry.enum_value("orders:read", description="See orders with who placed them.")
    ORDERS_MANAGE = strawberry.enum_value("orders:manage", description="Confirm, fulfil and cancel orders.")
    PAYMENTS_MANAGE = strawberry.enum_value(
        "payments:manage", description="Note money that came by arrangement, and give money back."
    )
    VISITS_READ = strawberry.enum_value("visits:read", description="See how visitors came; nobody's name is in that.")


@strawberry.enum(description="Whether an API key is good.")
class ApiKeyStatus(Enum):
    ACTIVE = strawberry.enum_value("active", description="It is.")
    EXPIRED = strawberry.enum_value("expired", description="Its time has come; also the end of a rotation's overlap.")
    REVOKED = strawberry.enum_value("revoked", description="Somebody has revoked it.")


@strawberry.type(description="A key that the tenant's own programs call with, but for the key itself.")
class ApiKey:
    stored: strawberry.Private[ApiKeyRow]

    @strawberry.field(description="Identifier.")
    def id(self) -> strawberry.ID:
        return global_id("key", self.stored.id)

    @strawberry.field(description="What it is for, as its maker named it.")
    def name(self) -> str:
        return self.stored.name

    @strawberry.field(description="The last four characters of the key, to tell it from others.")
    def hint(self) -> str:
        return self.stored.hint

    @strawberry.field(description="What it may do.", directives=[usually(2)])
    def scopes(self) -> list[ApiKeyScope]:
        return [ApiKeyScope(scope) for scope in self.stored.scopes]

    @strawberry.field(description="Whether it is good now.")
    def status(self) -> ApiKeyStatus:
        return ApiKeyStatus(api_keys.status_of(self.stored))

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.stored.created_at

    @strawberry.field(
        description="Who made it, perhaps not of the team any more; null for one whom the audit log does not name."
    )
    async def created_by(self, info: Info) -> Colleague | None:
        person = await info.context.loaders.of(audit.people_by_id).load(self.stored.created_by)
        return colleague_of(person) if person else None

    @strawberry.field(description="From then on it is refused; null if it never expires.")
    def expires_at(self) -> datetime | None:
        return self.stored.expires_at

    @strawberry.field(description="Since when it is refused because somebody revoked it; null if nobody has.")
    def revoked_at(self) -> datetime | None:
        return self.stored.revoked_at

    @strawberry.field(description="When it was used last, to the minute; null if it never was.")
    def last_used_at(self) -> datetime | None:
        return self.stored.last_used_at

    @strawberry.field(description="Identifier of the key that it was made to replace; null if it was made anew.")
    def rotated_from(self) -> strawberry.ID | None:
        return global_id("key", self.stored.rotated_from) if self.stored.rotated_from else None


StatusFilter = Annotated[ApiKeyStatus | None, strawberry.argument(description="Only keys with this status, now.")]


@strawberry.type
class ApiKeyFields:
    @strawberry.field(
        description="The tenant's API keys, the newest first; without a `status` those that have ended as well. "
        "Needs `api_keys:manage`: without it null and an error."
    )
    async def api_keys(
        self, info: Info, first: First = 20, after: After = None, status: StatusFilter = None
    ) -> Connection[ApiKey] | None:
        wanted = written(status)
        page_request = PageRequest(first, after)
        async with info.context.read() as session:
            page = await api_keys.list_keys(session, actor=info.context.actor, page=page_request, status=wanted)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await api_keys.count_keys(session, actor=info.context.actor, status=wanted)

        return Connection[ApiKey].of(page, api_key_of, count)


@strawberry.input(description="A new API key.")
class ApiKeyCreateInput:
    name: str = strawberry.field(description="What it is for, such as the program's name; up to 100 characters.")
    scopes: list[ApiKeyScope] = strawberry.field(description="What it may do; at least one, and no more than you may.")
    expires_in_days: int | None = strawberry.field(default=365, description=DAYS)


@strawberry.input(description="Which API key to replace.")
class ApiKeyRotateInput:
    id: strawberry.ID = strawberry.field(description="The key, which must be good.")
    expires_in_days: int | None = strawberry.field(
        default=365, description=f"Of the new key, from now on: {DAYS} The old key's end is not taken over."
    )
    overlap_hours: int = strawberry.field(
        default=24,
        description="How long the old key is still good, 0 to 168, unless it expires sooner: until then change your "
        "programs.",
    )


@strawberry.input(description="Which API key to revoke.")
class ApiKeyRevokeInput:
    id: strawberry.ID = strawberry.field(description="The key.")


@strawberry.type(description="The API key that was made.")
class ApiKeyIssuePayload(Payload):
    key: str | None = strawberry.field(default=None, description=f"{SHOWN_ONCE} Null when `userErrors` says why.")
    api_key: ApiKey | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The API key that was changed.")
class ApiKeyPayload(Payload):
    api_key: ApiKey | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type
class ApiKeyMutation:
    @mutation(
        ApiKeyIssuePayload,
        access=MANAGE,
        description="Make a key. `LIMIT_REACHED` where 50 are good already, `INVALID` for a scope that you lack "
        "yourself. Sent again, it makes another one: where the answer got lost, revoke the key that nobody has.",
    )
    async def api_key_create(self, info: Info, input: ApiKeyCreateInput) -> ApiKeyIssuePayload | None:
        async with info.context.write() as session:
            issued = await api_keys.create(session, actor=info.context.actor, given=new_key(input))
        return issue_payload(issued)

    @mutation(
        ApiKeyIssuePayload,
        access=MANAGE,
        description="Replace a key by a new one of its name and scopes. `ILLEGAL_TRANSITION` where it is expired or "
        "revoked, `LIMIT_REACHED` where 50 keys would be good besides, `INVALID` where it may do more than you. Sent "
        "again, it makes another one.",
    )
    async def api_key_rotate(self, info: Info, input: ApiKeyRotateInput) -> ApiKeyIssuePayload | None:
        key_id, hours = row_id("key", input.id, "id"), input.overlap_hours
        async with info.context.write() as session:
            issued = await api_keys.rotate(
                session, actor=info.context.actor, key_id=key_id, days=input.expires_in_days, overlap_hours=hours
            )
        return issue_payload(issued)

    @mutation(
        ApiKeyPayload,
        access=MANAGE,
        description="Refuse a key from the next request on. Revoking it again changes nothing.",
    )
    async def api_key_revoke(self, info: Info, input: ApiKeyRevokeInput) -> ApiKeyPayload | None:
        key_id = row_id("key", input.id, "id")
        async with info.context.write() as session:
            revoked = await api_keys.revoke(session, actor=info.context.actor, key_id=key_id)
        return ApiKeyPayload(api_key=api_key_of(revoked))


def api_key_of(row: ApiKeyRow) -> ApiKey:
    return ApiKey(stored=row)


def issue_payload(issued: Issued) -> ApiKeyIssuePayload:
    return ApiKeyIssuePayload(key=issued.key, api_key=api_key_of(issued.stored))


def new_key(given: ApiKeyCreateInput) -> NewKey:
    scopes = [Permission(scope.value) for scope in given.scopes]
    return NewKey(name=given.name, scopes=scopes, days=given.expires_in_days)
