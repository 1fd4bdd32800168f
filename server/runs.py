"""One GraphQL request from its body to its answer: who asks, whether they may and can pay, what it answers."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

import structlog

from db.session import StaleCallerError
from domain.attempts import Attempt
from domain.callers import Caller
from domain.ports import LimitsUnavailable, Throttled, TooManyAttempts
from gql.access import check_operator
from gql.context import Context, Services
from gql.elements import MOST_ELEMENTS
from gql.errors import ErrorCode, Refusal
from gql.pipeline import Api, GraphQLRequest, Ready
from gql.throttling import cost_extension, limits_unavailable, throttled, too_many_attempts
from server.bounds import Bounds
from server.callers import Callers, ClientAddress
from server.exchanges import Exchange

CHARACTERS_PER_POINT = 10
"""Of a document that has to be parsed and validated: nothing else is charged for what is refused in the end."""


class Run:
    """Admitted first, executed then. `caller` and `ready` are there once it is admitted."""

    caller: Caller
    ready: Ready

    def __init__(
        self,
        api: Api,
        services: Services,
        callers: Callers,
        exchange: Exchange,
        request: GraphQLRequest,
        *,
        deadline_seconds: float,
        operators_only: bool,
    ) -> None:
        self._api, self._services, self._callers = api, services, callers
        self._exchange, self._request = exchange, request
        self._deadline_seconds, self._operators_only = deadline_seconds, operators_only

    async def admit(self) -> None:
        """Raises `InvalidDocument`, or the `Refusal` of whoever may not ask this."""
        remembered = await self._remembered()
        if remembered is None:
            await self._let_in(await self._callers.identify(self._exchange.headers))
            return
        try:
            await self._let_in(remembered)
        except Refusal as refusal:
            if refusal.status not in (401, 403):
                raise
            # Who may not do it may have been given the right a moment ago, or the tenant may have moved.
            await self._let_in(await self._callers.identify(self._exchange.headers))
            return
        if self.ready.is_mutation and (remembered.is_known or not self._api.expects_tenant(self.ready)):
            # A query that meets a changed tenant is simply done again. What a mutation did cannot be.
            await self._let_in(await self._callers.identify(self._exchange.headers))

    async def _remembered(self) -> Caller | None:
        """Whoever asked here before; in center control everybody is looked up."""
        headers, preface = self._exchange.headers, self._exchange.preface
        slugs = preface.slugs if preface else None
        if guest := self._callers.remembered(headers, slugs):
            return guest
        return None if self._operators_only else await self._callers.recalled(headers, slugs)

    async def _charge_for_reading(self) -> None:
        """A document that is not known has to be parsed and validated, whatever becomes of it then."""
        query = self._request.query
        if query not in self._api.documents:
            await self._charge(max(1, len(query) // CHARACTERS_PER_POINT))

    async def _let_in(self, caller: Caller) -> None:
        if self._operators_only:
            check_operator(caller)
        self.caller = caller
        await self._charge_for_reading()
        self.ready = self._api.prepare(self._request, caller)
        if caller.tenant:
            structlog.contextvars.bind_contextvars(tenant_id=str(caller.tenant.id))

    async def execute(self) -> dict[str, Any]:
        """The GraphQL response. Raises a `Refusal`: points or attempts are spent, or time is up; `ClientGone`."""
        ready = self.ready
        await self._charge(ready.cost)
        if attempts := self._api.attempts(ready, self.caller):
            await self._grant(attempts)
        try:
            body = await self._executed()
        except Refusal as refusal:
            if refusal.code is ErrorCode.QUERY_TOO_COMPLEX:  # that was found out by doing as much as may be done
                self._services.throttle.give_back(self._client, ready.cost - MOST_ELEMENTS)
            raise
        actual = ready.cost_plan.actual(body.get("data"))
        status = self._services.throttle.give_back(self._client, ready.cost - actual)
        body["extensions"] = {"cost": cost_extension(ready.cost, actual, status)}
        return body

    def is_at(self, tenant_id: UUID) -> bool:
        return self.caller.tenant is not None and self.caller.tenant.id == tenant_id

    async def _charge(self, points: int) -> None:
        throttle, client = self._services.throttle, self._client
        try:
            if throttle.spend(client, points) is None:
                await throttle.take(client, points)
        except Throttled as raised:
            raise throttled(raised, points) from None

    async def _grant(self, attempts: Sequence[Attempt]) -> None:
        """Whoever is signed in counts by the address as well: any account of one's own would do otherwise."""
        try:
            await self._services.attempts.grant(attempts, address=self._address.network)
        except TooManyAttempts as raised:
            raise too_many_attempts(raised) from None
        except LimitsUnavailable:
            raise limits_unavailable() from None

    @property
    def _client(self) -> str:
        """Whose points are spent: a person's, an API key's, or those of an address at one tenant."""
        if self.caller.person_id:
            return f"person:{self.caller.person_id}"
        if self.caller.key:
            return f"key:{self.caller.key.id}"
        tenant = self.caller.tenant.id if self.caller.tenant else "none"
        return f"guest:{tenant}:{self._address.network}"

    @cached_property
    def _address(self) -> ClientAddress:
        return self._callers.address(self._exchange.headers, self._exchange.peer)

    async def _executed(self) -> dict[str, Any]:
        if self.ready.is_mutation:
            # Not even a cancelled request cuts a mutation short: `statement_timeout` bounds it.
            return await asyncio.shield(asyncio.ensure_future(self._once_or_again()))
        async with Bounds(self._exchange.receive, self._deadline_seconds):
            return await self._once_or_again()

    async def _once_or_again(self) -> dict[str, Any]:
        """Whoever has changed since they were remembered is looked up: until then nothing was done."""
        try:
            return await self._once()
        except StaleCallerError:
            await self._let_in(await self._callers.identify(self._exchange.headers))
            return await self._once()

    async def _once(self) -> dict[str, Any]:
        context = Context(
            self._services,
            self.caller,
            self._exchange.request_id,
            self.ready.document.selections,
            self._exchange.language,
            self._address.ip,
            self._exchange.headers.bearer_token,
            self._exchange.refresh_cookie,
        )
        try:
            body = await self._api.execute(self.ready, context)
        finally:
            await context.loaders.cancel()
        if self.caller.is_remembered and not context.has_read:
            await self._prove_caller()
        return body

    async def _prove_caller(self) -> None:
        """Nothing was read, so nothing has shown yet that tenant and caller are still as remembered."""
        found = await self._callers.identify(self._exchange.headers)
        if not found.is_still(self.caller):
            raise StaleCallerError
