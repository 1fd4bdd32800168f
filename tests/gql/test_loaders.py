"""Dataloaders: what one reader's end does to the others, and what a write makes them forget."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import strawberry

from db.session import AsyncSession, Scope
from gql.loaders import Loaders
from tests.support.api import Api
from tests.support.factories import Factory, Shop


class NoDatabase:
    """Reads for batches that need no session, and how many are open."""

    open = 0

    @asynccontextmanager
    async def read(self, scope: Scope) -> AsyncGenerator[Any]:  # noqa: ARG002 - as the real one
        self.open += 1
        try:
            yield None
        finally:
            self.open -= 1


class Gate:
    """A batch that starts, and answers once it is told to."""

    def __init__(self) -> None:
        self.begun, self.opened = asyncio.Event(), asyncio.Event()
        self.batches: list[Sequence[str]] = []

    async def upper(self, _session: AsyncSession, keys: Sequence[str]) -> dict[str, str]:
        self.batches.append(keys)
        self.begun.set()
        await self.opened.wait()
        return {key: key.upper() for key in keys if key != "nothing"}


async def test_a_cancelled_reader_takes_no_other_down() -> None:
    gate, loaders = Gate(), Loaders(NoDatabase(), Scope())
    upper = gate.upper
    one, other = (asyncio.ensure_future(loaders.of(upper).load("shared")) for _ in range(2))
    await gate.begun.wait()
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    late = asyncio.ensure_future(loaders.of(upper).load("shared"))
    gate.opened.set()
    async with asyncio.timeout(2):
        assert (await other, await late, await loaders.of(upper).load("shared")) == ("SHARED", "SHARED", "SHARED")
    assert gate.batches == [["shared"]]


@strawberry.type
class Fragile:
    @strawberry.field
    async def breaks(self, info: strawberry.Info[Any, None]) -> str:
        await info.context["gate"].begun.wait()
        raise ValueError("broken")

    @strawberry.field
    async def shared(self, info: strawberry.Info[Any, None]) -> str | None:
        return await info.context["loaders"].of(info.context["upper"]).load("shared")


@strawberry.type
class Query:
    @strawberry.field
    async def fragile(self) -> Fragile | None:
        return Fragile()

    @strawberry.field
    async def sturdy(self, info: strawberry.Info[Any, None]) -> str | None:
        loaded = asyncio.ensure_future(info.context["loaders"].of(info.context["upper"]).load("shared"))
        await info.context["gate"].begun.wait()
        await asyncio.sleep(0.05)
        info.context["gate"].opened.set()
        return await loaded


class QuietSchema(strawberry.Schema):
    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """The error is in the result."""


async def test_a_broken_field_takes_down_no_subtree_that_reads_the_same() -> None:
    gate, loaders = Gate(), Loaders(NoDatabase(), Scope())
    context = {"gate": gate, "loaders": loaders, "upper": gate.upper}
    async with asyncio.timeout(2):
        result = await QuietSchema(Query).execute("{ fragile { shared breaks } sturdy }", context_value=context)
    assert result.data == {"fragile": None, "sturdy": "SHARED"}
    assert [error.path for error in result.errors or []] == [["fragile", "breaks"]]
    assert gate.batches == [["shared"]]


async def test_cancelling_ends_every_batch_and_waits_until_its_connection_is_back() -> None:
    gates, reads = (Gate(), Gate()), NoDatabase()
    loaders = Loaders(reads, Scope())
    waiting = [asyncio.ensure_future(loaders.of(gate.upper).load("shared")) for gate in gates]
    for gate in gates:
        await gate.begun.wait()
    assert reads.open == 2
    await loaders.cancel()
    assert reads.open == 0
    await loaders.cancel()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_the_second_of_two_mutations_reads_afresh(api: Api, factory: Factory, shop: Shop) -> None:
    product = await factory.product(shop, price="4.750")
    payload = "{ userErrors { code } item { version price { amount } variants { price { amount } } } }"
    document = f"""mutation($id: ID!) {{
      first: catalogVariantUpdate(input: {{id: $id, price: "1.000"}}) {payload}
      second: catalogVariantUpdate(input: {{id: $id, price: "2.000"}}) {payload}
    }}"""
    reply = await api.execute(document, {"id": product.variant_id}, token=shop.token, tenant=shop.slug)
    first, second = reply.payload("first")["item"], reply.payload("second")["item"]
    assert first == {"version": 2, "price": {"amount": "1.000"}, "variants": [{"price": {"amount": "1.000"}}]}
    assert second == {"version": 3, "price": {"amount": "2.000"}, "variants": [{"price": {"amount": "2.000"}}]}


async def test_no_batch_begins_after_the_request_has_ended() -> None:
    gate, reads = Gate(), NoDatabase()
    loaders = Loaders(reads, Scope())
    asked = asyncio.ensure_future(loaders.of(gate.upper).load("shared"))
    await asyncio.sleep(0)
    await loaders.cancel()
    async with asyncio.timeout(2):
        assert await asked is None
    assert (gate.batches, reads.open) == ([], 0)
