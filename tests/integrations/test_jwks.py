"""Mission T2: keys of a provider elsewhere, against a real HTTP server that counts how often it is asked."""

import asyncio
import json
import time
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from domain.ports import TokenRejected
from integrations.access_tokens import JwtVerifier, public_numbers
from integrations.jwks import LARGEST_ANSWER, RemoteKeys, UnfitKeys, signing_keys
from tests.support.forged_tokens import Forger
from tests.support.http_stand_in import Answered, StandIn, stand_in

FIRST, SECOND = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be left out
PAUSE = timedelta(milliseconds=200)
DOWN = Answered(b"", status=503)


def jwk(kid: str, key: rsa.RSAPrivateKey, **changes: Any) -> dict[str, Any]:
    return {"kid": kid, "use": "sig", "alg": "RS256", **public_numbers(key.public_key()), **changes}


def answer(*keys: dict[str, Any], **how: Any) -> Answered:
    return Answered(json.dumps({"keys": keys}).encode(), **how)


@pytest.fixture
def provider() -> Generator[StandIn]:
    with stand_in(lambda _: answer(jwk("first", FIRST))) as server:
        yield server


UNFIT: dict[str, dict[str, Any]] = {
    "for encryption": jwk("bad", FIRST, use="enc"),
    "RS512": jwk("bad", FIRST, alg="RS512"),
    "no text as id": {**jwk("bad", FIRST), "kid": 7},
    "long id": jwk("k" * 201, FIRST),
    "short": jwk("bad", SHORT),
    "no number": jwk("bad", FIRST, n="!"),
    "private": {**RSAAlgorithm.to_jwk(FIRST, as_dict=True), "kid": "bad"},
    "elliptic": {**ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True), "kid": "x"},
    "secret": {"kid": "bad", "kty": "oct", "k": "c2VjcmV0"},
}


def keys_of(provider: StandIn, **rules: Any) -> RemoteKeys:
    return RemoteKeys(f"{provider.url}/jwks.json", **{"pause": PAUSE, **rules})


async def knows(keys: RemoteKeys, kid: str) -> bool:
    return await keys.find(kid) is not None


async def test_keys_are_fetched_when_the_first_token_comes_and_kept(provider: StandIn) -> None:
    keys = keys_of(provider)
    assert provider.asked == []
    for _ in range(20):
        assert await knows(keys, "first")
        await asyncio.sleep(PAUSE.total_seconds() / 10)
    assert [asked.path for asked in provider.asked] == ["/jwks.json"]


async def test_two_hundred_unknown_key_ids_are_one_question_in_half_a_minute(provider: StandIn) -> None:
    keys = RemoteKeys(f"{provider.url}/jwks.json")
    assert not any(await asyncio.gather(*(knows(keys, f"unknown {number}") for number in range(100))))
    for number in range(100, 200):
        assert not await knows(keys, f"unknown {number}")
    assert len(provider.asked) == 1
    assert await knows(keys, "first")


@pytest.mark.parametrize("failing", [DOWN, Answered(b"nonsense"), answer(after=2)], ids=["down", "garbage", "slow"])
async def test_a_question_that_fails_counts_as_one(provider: StandIn, failing: Answered) -> None:
    provider.answer = lambda _: failing
    keys = keys_of(provider, pause=timedelta(seconds=30), patience=timedelta(seconds=1))
    assert not any(await asyncio.gather(*(knows(keys, f"unknown {number}") for number in range(50))))
    assert not await knows(keys, "first")
    assert len(provider.asked) == 1


async def test_whoever_comes_meanwhile_waits_for_the_same_question(provider: StandIn) -> None:
    provider.answer = lambda _: answer(jwk("first", FIRST), after=0.1)
    keys = keys_of(provider)
    assert all(await asyncio.gather(*(knows(keys, "first") for _ in range(20))))
    assert len(provider.asked) == 1


async def test_a_question_outlives_the_request_that_asked_it(provider: StandIn) -> None:
    provider.answer = lambda _: answer(jwk("first", FIRST), after=0.1)
    keys = keys_of(provider, pause=timedelta(seconds=30))
    impatient = asyncio.create_task(keys.find("first"))
    await asyncio.sleep(0.02)
    waiting = asyncio.create_task(keys.find("first"))
    impatient.cancel()
    assert await waiting is not None


async def test_a_rotated_key_is_known_after_the_pause(provider: StandIn) -> None:
    keys = keys_of(provider, pause=timedelta(seconds=1.5))
    assert await knows(keys, "first")
    provider.answer = lambda _: answer(jwk("first", FIRST), jwk("second", SECOND))
    assert not await knows(keys, "second")
    await asyncio.sleep(1.5)
    assert await knows(keys, "second")
    assert await knows(keys, "first")


@pytest.mark.parametrize(
    "failing",
    [
        DOWN,
        Answered(b"nonsense"),
        Answered(b"{}"),
        Answered(b"[" * 10_000),
        Answered(b'{"keys": [7]}'),
        answer(),
        answer(jwk("second", SECOND), status=302, headers={"location": "/elsewhere"}),
        answer(jwk("second", SECOND), after=3),
        answer(jwk("second", SECOND), pause=0.3),
        answer(jwk("second", SECOND), {"padding": "x" * LARGEST_ANSWER}),
    ],
    ids=["down", "garbage", "no keys", "deep", "no key", "empty", "redirect", "slow", "dripping", "large"],
)
async def test_known_keys_work_while_the_provider_does_not(provider: StandIn, failing: Answered) -> None:
    keys = keys_of(provider, patience=timedelta(seconds=1.5))
    assert await knows(keys, "first")
    provider.answer = lambda _: failing
    await asyncio.sleep(PAUSE.total_seconds())
    assert not await knows(keys, "second")
    assert len(provider.asked) == 2
    assert await knows(keys, "first")


async def test_nobody_with_a_known_key_waits_for_a_provider_that_is_slow(provider: StandIn) -> None:
    keys = keys_of(provider, renewal=timedelta(0))
    assert await knows(keys, "first")
    provider.answer = lambda _: answer(jwk("first", FIRST), after=4)
    await asyncio.sleep(PAUSE.total_seconds())
    began = time.monotonic()
    for _ in range(50):
        assert await knows(keys, "first")
    assert time.monotonic() - began < 3.5
    await asyncio.sleep(0.2)
    assert len(provider.asked) == 2


async def test_a_key_that_the_provider_withdrew_is_forgotten(provider: StandIn) -> None:
    keys = keys_of(provider, renewal=timedelta(0))
    assert await knows(keys, "first")
    provider.answer = lambda _: answer(jwk("second", SECOND))
    await asyncio.sleep(PAUSE.total_seconds())
    await keys.find("first")
    for _ in range(100):
        await asyncio.sleep(0.02)
        if not await knows(keys, "first"):
            break
    assert not await knows(keys, "first")
    assert await knows(keys, "second")


async def test_the_one_verifier_takes_tokens_under_these_keys(provider: StandIn) -> None:
    verifier = JwtVerifier(keys_of(provider), "https://id.example.com", "web")
    session = "0192f0c1-2345-7000-8000-000000000001"
    who: dict[str, Any] = {
        "issuer": "https://id.example.com",
        "client_id": "web",
        "subject": "s",
        "session_id": session,
    }
    assert (await verifier.verify(Forger(FIRST, **who).signed(kid="first"))).subject == "s"
    for forged in (Forger(SECOND, **who).signed(kid="first"), Forger(FIRST, **who).signed(kid="second")):
        with pytest.raises(TokenRejected):
            await verifier.verify(forged)


@pytest.mark.parametrize("kind", UNFIT)
def test_only_public_rsa_keys_for_signatures_are_taken(kind: str) -> None:
    unfit = UNFIT[kind]
    assert list(signing_keys(json.dumps({"keys": [unfit, jwk("good", FIRST)]}).encode())) == ["good"]
    with pytest.raises(UnfitKeys):
        signing_keys(json.dumps({"keys": [unfit]}).encode())
