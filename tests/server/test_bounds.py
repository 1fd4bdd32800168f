"""What may run for so long, and no longer than its client listens."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from gql.errors import Refusal
from server.bounds import PATIENCE_SECONDS, Bounds
from server.http import ClientGone


class Client:
    """Sends what it is told to, a message each 10 ms from when it is listened to, and then stays silent."""

    def __init__(self, *messages: str) -> None:
        self.messages: Sequence[str] = messages
        self.asked_at: list[float] = []
        self.left_waiting = False

    async def receive(self) -> dict[str, Any]:
        self.asked_at.append(time.monotonic())
        place = len(self.asked_at) - 1
        if place < len(self.messages):
            await asyncio.sleep(0.01)
            return {"type": self.messages[place]}
        try:
            return await asyncio.Future[dict[str, Any]]()
        except asyncio.CancelledError:
            self.left_waiting = True
            raise


GONE, MORE = "http.disconnect", "http.request"
LONG = 60
"""Seconds: a deadline that nobody meets, and work that nobody sees done, however slow the machine is."""


async def ends(client: Client, seconds: float, work: float) -> tuple[type[BaseException] | None, float, bool]:
    """Which exception came of it, after how many seconds, and whether the work was cancelled."""
    began, was_cancelled = time.monotonic(), False
    raised: BaseException | None = None
    try:
        async with Bounds(client.receive, seconds):
            try:
                await asyncio.sleep(work)
            except asyncio.CancelledError:
                was_cancelled = True
                raise
    except (ClientGone, Refusal) as error:
        raised = error
    return type(raised) if raised else None, time.monotonic() - began, was_cancelled


async def test_what_is_done_soon_never_looks_for_its_client() -> None:
    client = Client(GONE)
    assert (await ends(client, seconds=LONG, work=0))[0] is None
    await asyncio.sleep(2 * PATIENCE_SECONDS)
    assert client.asked_at == []


@pytest.mark.parametrize("messages", [[GONE], [MORE, GONE], [MORE, MORE, MORE, GONE]])
async def test_what_takes_longer_ends_with_its_client(messages: list[str]) -> None:
    client, began = Client(*messages), time.monotonic()
    error, after, was_cancelled = await ends(client, seconds=LONG, work=LONG)
    assert (error, was_cancelled) == (ClientGone, True)
    assert after < LONG / 4
    assert client.asked_at[0] - began >= PATIENCE_SECONDS


async def test_a_client_that_sends_more_is_not_gone() -> None:
    client = Client(MORE, MORE, MORE)
    assert (await ends(client, seconds=LONG, work=0.4))[0] is None
    assert len(client.asked_at) == 4
    assert client.left_waiting


async def test_a_deadline_is_told_as_one() -> None:
    for client in (Client(), Client(MORE)):
        error, after, was_cancelled = await ends(client, seconds=0.15, work=LONG)
        assert (error, was_cancelled) == (Refusal, True)
        assert 0.15 <= after < LONG / 4
        assert client.left_waiting


async def test_a_deadline_before_anybody_listens_is_one_too() -> None:
    error, after, was_cancelled = await ends(Client(GONE), seconds=PATIENCE_SECONDS / 5, work=LONG)
    assert (error, was_cancelled) == (Refusal, True)
    assert after < LONG / 4


async def test_other_errors_pass_and_nobody_listens_any_more() -> None:
    client = Client()
    with pytest.raises(ZeroDivisionError):
        async with Bounds(client.receive, 5):
            await asyncio.sleep(2 * PATIENCE_SECONDS)
            raise ZeroDivisionError
    assert client.left_waiting


async def test_a_timeout_of_the_works_own_is_no_deadline_of_ours() -> None:
    async with Bounds(Client().receive, 5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(5)


async def test_being_cancelled_from_outside_is_neither() -> None:
    client = Client()
    task = asyncio.create_task(ends(client, seconds=LONG, work=LONG))
    await asyncio.sleep(2 * PATIENCE_SECONDS)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.left_waiting
