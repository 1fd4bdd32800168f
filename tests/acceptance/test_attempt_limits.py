"""Guessing and mailing for strangers has an end: by address and by account, for everybody alike, decided before it is
done.

Each test has an API whose attempts nobody else counts.
"""

import re
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bootstrap import Parts, build_parts
from domain.ports import SignUp
from integrations.passwords import Argon2Passwords
from settings import Settings
from tests.support.api import Api, Reply, running_api
from tests.support.factories import Factory, Shop
from tests.support.mail import Post
from tests.support.orders import Till

PASSWORD = "seven green camels"
HERE, THERE = "203.0.113.9", "203.0.113.10"
OTHERS: Mapping[str, Mapping[str, str]] = {
    "accountSignUp": {"email": "", "password": PASSWORD, "name": "Noura"},
    "accountConfirm": {"email": "", "code": "123456"},
    "accountConfirmationResend": {"email": ""},
    "accountPasswordForgot": {"email": ""},
    "accountPasswordReset": {"email": "", "code": "123456", "newPassword": PASSWORD},
    "sessionVerify": {"challenge": "x", "code": "123456"},
    "sessionRecover": {"email": "", "password": PASSWORD, "recoveryCode": "x"},
    "sessionRefresh": {"refreshToken": "x"},
}
"""The other mutations that are limited. An empty address is replaced by somebody's."""
WRONG = [("CREDENTIALS_WRONG", None)]


def asking(field: str) -> str:
    kind = f"{field[0].upper()}{field[1:]}Input"
    return f"mutation($input: {kind}!) {{ {field}(input: $input) {{ userErrors {{ code field }} }} }}"


@asynccontextmanager
async def limited_api(settings: Settings, **changes: Any) -> AsyncGenerator[Api]:
    """Ten attempts by address and three by account, behind one proxy, unless changed."""
    chosen = {
        "auth_attempts_per_address": 10,
        "auth_attempts_per_account": 3,
        "trusted_proxies": 1,
        "secret_key": type(settings.secret_key)(secrets.token_hex(32)),
    }
    parts = build_parts(
        settings.model_copy(update=chosen | changes),
        passwords=Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1),
    )
    async with running_api(parts) as api:
        yield api


async def sign_in(api: Api, email: str, *, forwarded: str = HERE, **more: Any) -> Reply:
    given = {"email": email, "password": "wrong, though long"}
    return await api.execute(asking("sessionSignIn"), {"input": given}, headers={"x-forwarded-for": forwarded}, **more)


def granted(reply: Reply) -> bool:
    """Whether the password was looked at; else the refusal is as it has to be."""
    if reply.status == 200:
        assert reply.faults("sessionSignIn") == WRONG
        return True
    assert (reply.status, reply.codes) == (429, ["TOO_MANY_ATTEMPTS"]), reply.body
    assert 1 <= int(reply.headers["retry-after"]) <= 600
    assert "data" not in reply.body
    return False


def somebody() -> str:
    return f"{secrets.token_hex(6)}@people.test"


async def test_one_account_is_tried_from_many_addresses(settings: Settings) -> None:
    """Mission X5."""
    async with limited_api(settings) as api:
        email = somebody()
        tried = [granted(await sign_in(api, email, forwarded=f"203.0.113.{number}")) for number in range(20)]
        assert tried == [True] * 3 + [False] * 17
        assert granted(await sign_in(api, somebody(), forwarded="203.0.113.19")), "nobody else is held up"


async def test_one_address_tries_many_accounts(settings: Settings) -> None:
    """Mission X5."""
    async with limited_api(settings) as api:
        tried = [granted(await sign_in(api, somebody())) for _ in range(20)]
        assert tried == [True] * 10 + [False] * 10
        assert granted(await sign_in(api, somebody(), forwarded=THERE)), "nobody else is held up"


@pytest.mark.parametrize(
    ("trusted_proxies", "forwarded"),
    [(0, "198.51.{}.{}"), (1, f"198.51.{{}}.{{}}, {HERE}"), (2, f"198.51.{{}}.{{}}, {HERE}, 10.0.0.2")],
)
async def test_a_thousand_forged_addresses_are_one(settings: Settings, trusted_proxies: int, forwarded: str) -> None:
    """Mission X5: a proxy adds whom it saw to what it was told."""
    async with limited_api(settings, trusted_proxies=trusted_proxies) as api:
        tried = [
            granted(await sign_in(api, somebody(), forwarded=forwarded.format(number // 250, number % 250)))
            for number in range(1_000)
        ]
        assert tried == [True] * 10 + [False] * 990


async def test_the_addresses_of_one_ipv6_network_are_one(settings: Settings) -> None:
    async with limited_api(settings) as api:
        tried = [granted(await sign_in(api, somebody(), forwarded=f"2001:db8:1:2::{n:x}")) for n in range(15)]
        assert tried == [True] * 10 + [False] * 5
        assert granted(await sign_in(api, somebody(), forwarded="2001:db8:1:3::1"))


async def test_an_address_is_one_at_all_tenants_and_whoever_is_signed_in(
    settings: Settings, shop: Shop, factory: Factory
) -> None:
    other = await factory.shop()
    callers: list[dict[str, str]] = [
        {},
        {"tenant": shop.slug},
        {"tenant": other.slug},
        {"token": shop.token},
        {"token": other.token, "tenant": other.slug},
    ]
    async with limited_api(settings) as api:
        tried = [granted(await sign_in(api, somebody(), **callers[number % 5])) for number in range(15)]
    assert tried == [True] * 10 + [False] * 5


async def test_an_account_is_one_however_it_is_written(settings: Settings) -> None:
    """Mission X5."""
    email = somebody()
    async with limited_api(settings) as api:
        for written in (email, email.upper(), f" {email.title()} "):
            assert granted(await sign_in(api, written))
        for written in (email, email.upper(), f"{email}\n"):
            assert not granted(await sign_in(api, written))


async def test_one_document_of_many_attempts_is_many(settings: Settings) -> None:
    """Mission X5: by aliases, with literals, in fragments; and none of them is made where not all are granted."""

    def document(number: int, email: str) -> str:
        fields = " ".join(
            f'a{n}: sessionSignIn(input: {{email: "{email}", password: "x{n}"}}) {{ userErrors {{ code }} }}'
            for n in range(number)
        )
        return f"mutation {{ ...many }} fragment many on Mutation {{ {fields} }}"

    async with limited_api(settings) as api:
        email = somebody()
        assert (await api.execute(document(4, email))).codes == ["TOO_MANY_ATTEMPTS"]
        assert set((await api.execute(document(3, email))).data) == {"a0", "a1", "a2"}
        assert (await api.execute(document(1, email.upper()))).codes == ["TOO_MANY_ATTEMPTS"]
        assert not granted(await sign_in(api, email))


@pytest.mark.parametrize(("field", "given"), OTHERS.items(), ids=OTHERS)
async def test_every_mutation_about_accounts_is_limited(
    settings: Settings, field: str, given: Mapping[str, str]
) -> None:
    """Mission X5."""

    async def statuses(emails: list[str], addresses: list[str]) -> list[int]:
        asked: list[int] = []
        for email, address in zip(emails, addresses, strict=True):
            sent = {**given, "email": email} if "email" in given else given
            reply = await api.execute(asking(field), {"input": sent}, headers={"x-forwarded-for": address})
            asked.append(reply.status)
        return asked

    async with limited_api(settings) as api:
        assert await statuses([somebody() for _ in range(12)], [HERE] * 12) == [200] * 10 + [429] * 2
        if "email" in given:
            addresses = [f"203.0.113.{number}" for number in range(100, 105)]
            assert await statuses([somebody()] * 5, addresses) == [200] * 3 + [429] * 2


async def test_a_thief_of_a_token_does_not_try_all_passwords(settings: Settings, shop: Shop, factory: Factory) -> None:
    """Mission X5: whoever is signed in is limited at their own account, wherever they ask from."""
    given = {"input": {"currentPassword": "wrong, though long", "newPassword": PASSWORD}}

    async def tried(api: Api, token: str) -> list[int]:
        document = asking("accountPasswordChange")
        hops = [{"x-forwarded-for": f"203.0.113.{number}"} for number in range(5)]
        return [(await api.execute(document, given, token=token, headers=hop)).status for hop in hops]

    async with limited_api(settings) as api:
        assert await tried(api, shop.token) == [200] * 3 + [429] * 2
        assert await tried(api, (await factory.member()).token) == [200] * 3 + [429] * 2


async def test_nobody_learns_whether_there_is_such_an_account(settings: Settings, parts: Parts) -> None:
    """Mission X5: known and unknown accounts are refused alike, the right password as well as a wrong one."""
    known = somebody()
    await parts.identity.provision(SignUp(known, PASSWORD, "Noura", "en"))
    async with limited_api(settings) as api:
        told: list[list[tuple[int, str]]] = []
        for email, address in ((known, HERE), (somebody(), THERE)):
            replies = [await sign_in(api, email, forwarded=address) for _ in range(5)]
            right = {"input": {"email": email, "password": PASSWORD}}
            replies.append(await api.execute(asking("sessionSignIn"), right, headers={"x-forwarded-for": address}))
            told.append([(reply.status, without_times_and_costs(reply)) for reply in replies])
        assert told[0] == told[1]
        assert told[0][-1][0] == 429


def without_times_and_costs(reply: Reply) -> str:
    return re.sub(r"\d+ s\b", "N s", str({**reply.body, "extensions": None}))


# --- without Redis


async def test_without_redis_nobody_signs_in_and_shops_go_on(settings: Settings, parts: Parts, shop: Shop) -> None:
    """Mission X5."""
    async with limited_api(settings, redis_url="redis://127.0.0.1:9/0") as api:
        for _ in range(3):
            began = time.monotonic()
            refused = await sign_in(api, somebody())
            assert time.monotonic() - began < 5
            assert (refused.status, refused.codes) == (503, ["TEMPORARILY_UNAVAILABLE"])
            assert int(refused.headers["retry-after"]) >= 1
        for field, given in OTHERS.items():
            assert (await api.execute(asking(field), {"input": given})).status == 503
        await the_rest_goes_on(Till(parts, api, shop))


async def the_rest_goes_on(till: Till) -> None:
    """The storefront, an order, the back office, and signing out."""
    api, shop = till.api, till.shop
    assert (await api.execute("{ store { slug } }", tenant=shop.slug)).data["store"]["slug"] == shop.slug
    placed = await till.order((await till.sell(), 1))
    orders = "{ tenant { orders(first: 1) { nodes { number } } } }"
    found = await api.execute(orders, tenant=shop.slug, token=shop.token)
    assert found.data["tenant"]["orders"]["nodes"] == [{"number": placed["number"]}]
    out = await api.execute("mutation { sessionSignOut { userErrors { code } } }", token=shop.token)
    assert out.payload("sessionSignOut")


async def test_a_new_password_opens_the_way_at_once(settings: Settings, factory: Factory, post: Post) -> None:
    """Whoever forgot it has tried too often already, and has proven by the code whose account it is."""
    email = (await factory.member()).person.email
    async with limited_api(settings, secret_key=settings.secret_key, auth_attempts_per_address=1_000) as api:
        for _ in range(3):
            assert granted(await sign_in(api, email))
        assert not granted(await sign_in(api, email))
        (await api.execute(asking("accountPasswordForgot"), {"input": {"email": email}})).payload(
            "accountPasswordForgot"
        )
        new = {"email": email.upper(), "code": await post.code_for(email), "newPassword": PASSWORD}
        (await api.execute(asking("accountPasswordReset"), {"input": new})).payload("accountPasswordReset")
        given = {"input": {"email": email, "password": PASSWORD}}
        (await api.execute(asking("sessionSignIn"), given, headers={"x-forwarded-for": THERE})).payload("sessionSignIn")
