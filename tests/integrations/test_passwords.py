"""Password hashes: argon2id, off the event loop, a few at a time."""

import asyncio
import threading
import time

import argon2
import pytest

from domain.errors import FaultCode, UserFault
from integrations.passwords import UNUSABLE, Argon2Passwords

CHEAP = Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)


async def test_a_hash_matches_its_password_alone() -> None:
    stored = await CHEAP.hash("seven green camels")
    assert stored.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert await CHEAP.matches(stored, "seven green camels")
    assert not await CHEAP.matches(stored, "seven green camel")
    assert stored != await CHEAP.hash("seven green camels"), "each hash has its own salt"


@pytest.mark.parametrize("stored", [None, "", UNUSABLE])
async def test_nothing_matches_where_nothing_usable_is_stored(stored: str | None) -> None:
    for password in ("", "!", "seven green camels"):
        assert not await CHEAP.matches(stored, password)


async def test_default_parameters_are_those_of_rfc_9106() -> None:
    parameters = argon2.extract_parameters(await Argon2Passwords().hash("seven green camels"))
    assert parameters == argon2.profiles.RFC_9106_LOW_MEMORY


async def test_an_outdated_hash_is_noticed() -> None:
    stored = await CHEAP.hash("seven green camels")
    assert not CHEAP.is_outdated(stored)
    assert Argon2Passwords(time_cost=2, memory_cost=8, parallelism=1).is_outdated(stored)


async def test_no_account_takes_as_long_as_a_wrong_password() -> None:
    passwords = Argon2Passwords(time_cost=2, memory_cost=16_384, parallelism=1)
    stored = await passwords.hash("seven green camels")

    times: dict[str | None, list[float]] = {None: [], stored: []}
    for _ in range(7):
        for known, taken in times.items():
            began = time.process_time()  # of all threads, and of no other process
            assert not await passwords.matches(known, "eight blue falcons")
            taken.append(time.process_time() - began)

    assert 0.5 < min(times[None]) / min(times[stored]) < 2, times


async def test_hashing_leaves_the_event_loop_and_takes_few_threads() -> None:
    passwords = Argon2Passwords(time_cost=2, memory_cost=16_384, parallelism=1)
    before = set(threading.enumerate())
    hashing = asyncio.gather(*(passwords.hash("seven green camels") for _ in range(8)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100, "the event loop stood still"
    assert len([thread for thread in set(threading.enumerate()) - before if thread.name.startswith("argon2")]) == 2


async def test_a_flood_is_turned_away() -> None:
    passwords = Argon2Passwords(time_cost=1, memory_cost=1_024, parallelism=1, most_waiting=3)
    results = await asyncio.gather(*(passwords.hash("seven green camels") for _ in range(20)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, UserFault)]
    assert len(refused) == 15
    assert {fault.code for fault in refused} == {FaultCode.LIMIT_REACHED}
    await passwords.hash("room again")
