"""Guest orders: seen again by a signed link, claimed by whoever proves the address that they were placed under."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bootstrap import Parts, build_parts
from db.models import Customer, Order, TimelineEntry
from db.session import Scope
from devstack.mailbox import Mailbox
from domain import order_claims
from domain.actors import Actor, ActorKind
from domain.signing import Signer
from settings import Settings
from tests.support.api import Api, Reply
from tests.support.customers import Shopper
from tests.support.documents import id_of, url_of, write_manifest
from tests.support.factories import Factory, Shop
from tests.support.mail import Post
from tests.support.orders import SUBMIT, Till, submission
from tests.support.storefront import other_process

LINKED = """query($token: String!) { store { order(token: $token) {
  id number status customer { name email } total { amount } lines { quantity name { value } }
} } }"""
TIMELINE = "query($id: ID!) { tenant { order(id: $id) { timeline { event actorKind actorId } } } }"
LINK = re.compile(r"http://(\S+)\.localhost/orders#(\S{72})\b")


@pytest.fixture
def till(parts: Parts, api: Api, shop: Shop) -> Till:
    return Till(parts, api, shop)


@pytest.fixture
async def shopper(api: Api, factory: Factory, shop: Shop) -> Shopper:
    """Somebody signed in who has told the shop nothing yet."""
    return Shopper(api, shop, await factory.member())


async def guest_order(till: Till, email: str) -> dict[str, Any]:
    """The payload of a guest's order under an address."""
    given = submission((await till.sell(), 1), customer={"name": "Fahad", "email": email})
    return (await till.submit(given)).payload("orderSubmit")


async def linked(till: Till, token: str, *, shop: Shop | None = None, bearer: str | None = None) -> Reply:
    return await till.api.execute(LINKED, {"token": token}, tenant=(shop or till.shop).slug, token=bearer)


async def order_by(till: Till, token: str, *, shop: Shop | None = None, bearer: str | None = None) -> Any:
    return (await linked(till, token, shop=shop, bearer=bearer)).data["store"]["order"]


async def events(till: Till, order_id: str) -> list[tuple[str, str]]:
    reply = await till.api.execute(TIMELINE, {"id": order_id}, token=till.shop.token, tenant=till.shop.slug)
    return [(each["event"], each["actorKind"]) for each in reply.data["tenant"]["order"]["timeline"]]


async def test_a_guest_sees_the_order_again_by_its_link(till: Till, factory: Factory) -> None:
    """Mission T7."""
    given = submission((await till.sell(price="4.750"), 2))
    placed = (await till.submit(given)).payload("orderSubmit")
    again = (await till.submit(given)).payload("orderSubmit")
    assert again["orderToken"] == placed["orderToken"]
    assert re.fullmatch(r"[\w-]{72}", placed["orderToken"])
    stranger = await factory.member()
    for bearer in (None, stranger.token, till.shop.token):
        found = await order_by(till, placed["orderToken"], bearer=bearer)
        assert (found["id"], found["total"]["amount"]) == (placed["order"]["id"], "9.500")
        assert found["customer"]["email"] == given["customer"]["email"]


async def test_a_link_is_good_in_its_store_and_to_the_letter(till: Till, factory: Factory, parts: Parts) -> None:
    """Mission T3, T7."""
    placed = await guest_order(till, "fahad@shoppers.test")
    token = placed["orderToken"]
    other = await factory.shop()
    elsewhere = Till(parts, till.api, other)
    foreign = (await guest_order(elsewhere, "fahad@shoppers.test"))["orderToken"]
    assert await order_by(till, token) is not None
    assert await order_by(till, token, shop=other) is None
    for bad in (
        foreign,
        "",
        "x",
        token[:-1],
        token + "=",
        token + "A",
        token + "\n",
        foreign[:30] + token[30:],
        token.lower(),
        "é" * 72,
        "A" * 72,
        "A" * 50_000,
        placed["order"]["id"],
        *(token[:place] + ("B" if token[place] == "A" else "A") + token[place + 1 :] for place in range(72)),
    ):
        assert await order_by(till, bad) is None, bad


async def test_no_cache_keeps_what_a_link_shows(till: Till) -> None:
    """Mission T7."""
    placed = await guest_order(till, "fahad@shoppers.test")
    first = await linked(till, placed["orderToken"])
    assert first.headers["cache-control"] == "no-store"
    assert first.data["store"]["order"]["status"] == "PENDING"
    (await till.advance("orderConfirm", placed["order"]["id"])).payload("orderConfirm")
    assert (await order_by(till, placed["orderToken"]))["status"] == "CONFIRMED"


async def test_nor_does_a_cdn_that_asks_for_it_by_a_registered_query(
    parts: Parts, settings: Settings, shop: Shop, tmp_path: Path
) -> None:
    """Mission T7."""
    manifest = write_manifest(tmp_path, {id_of(LINKED): LINKED})
    async with other_process(settings, trusted_documents=manifest, cdn_seconds=60) as (api, _parts):
        placed = await guest_order(Till(parts, api, shop), "fahad@shoppers.test")
        for token in (placed["orderToken"], "A" * 72):
            url = url_of(LINKED, variables={"token": token})
            answer = await api.http.get(url, headers={"sadu-tenant": shop.slug})
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
            assert (answer.json()["data"]["store"]["order"] is None) == (token != placed["orderToken"])


async def test_the_shoppers_mails_carry_the_link_and_the_shops_do_not(till: Till, post: Post, factory: Factory) -> None:
    """Mission T7, N1."""
    email = f"{factory.word()}@shoppers.test"
    placed = await guest_order(till, email)
    (await till.advance("orderConfirm", placed["order"]["id"])).payload("orderConfirm")
    mails = await post.to(email)
    assert len(mails) == 2
    for mail in mails:
        links = LINK.findall(mail.text)
        assert links == LINK.findall(mail.html)
        ((slug, token),) = links
        assert slug == till.shop.slug
        assert (await order_by(till, token))["id"] == placed["order"]["id"]
    (to_shop,) = await post.to(f"{till.shop.slug}@shops.test")
    assert "/orders#" not in to_shop.text + to_shop.html
    assert placed["orderToken"][:30] not in to_shop.text + to_shop.html


async def test_the_link_leads_to_the_stores_own_host(
    till: Till, settings: Settings, mailbox: Mailbox, factory: Factory
) -> None:
    """Mission T7, S2."""
    email = f"{factory.word()}@shoppers.test"
    placed = await guest_order(till, email)
    where = {"base_domain": "shops.example", "public_url": "https://api.shops.example:8443"}
    elsewhere = build_parts(settings.model_copy(update=where))
    (mail,) = await Post(elsewhere, mailbox).to(email)
    await elsewhere.close()
    assert f"https://{till.shop.slug}.shops.example:8443/orders#{placed['orderToken']}" in mail.text


async def test_registering_claims_the_guest_orders_of_the_proven_address(
    till: Till, shopper: Shopper, factory: Factory, parts: Parts
) -> None:
    """Mission T7."""
    mixed = shopper.email.replace("people", "PeoPle").capitalize()
    mine = [(await guest_order(till, email))["order"]["id"] for email in (shopper.email, mixed)]
    elsewhere = await guest_order(Till(parts, till.api, await factory.shop()), shopper.email)
    lookalike = await guest_order(till, shopper.email.replace("@", "+1@"))
    registered = await shopper.register()
    assert [each["id"] for each in registered["orders"]["nodes"]] == mine[::-1]
    for order_id in mine:
        assert await events(till, order_id) == [("PLACED", "GUEST"), ("CLAIMED", "PERSON")]
    assert await events(till, lookalike["order"]["id"]) == [("PLACED", "GUEST")]
    assert elsewhere["order"]["id"] not in mine

    later = (await guest_order(till, shopper.email))["order"]["id"]
    assert len((await shopper.history())["nodes"]) == 2
    again = await asyncio.gather(*(shopper.register() for _ in range(8)))
    assert {tuple(each["id"] for each in found["orders"]["nodes"]) for found in again} == {(later, *mine[::-1])}
    assert await events(till, mine[0]) == [("PLACED", "GUEST"), ("CLAIMED", "PERSON")]
    assert await events(till, later) == [("PLACED", "GUEST"), ("CLAIMED", "PERSON")]


async def test_an_order_is_claimed_once_by_the_owner_of_its_address_alone(
    till: Till, shopper: Shopper, factory: Factory
) -> None:
    """Mission T7."""
    thief = Shopper(till.api, till.shop, await factory.customer(till.shop))
    await shopper.register()
    placed = await guest_order(till, shopper.email)
    order_id, token = placed["order"]["id"], placed["orderToken"]

    stolen, *claimed = await asyncio.gather(
        thief.send("orderClaim", token=token), *(shopper.send("orderClaim", token=token) for _ in range(8))
    )
    assert stolen.faults("orderClaim") == [("NOT_FOUND", ["token"])]
    assert {each.payload("orderClaim")["order"]["id"] for each in claimed} == {order_id}
    assert await events(till, order_id) == [("PLACED", "GUEST"), ("CLAIMED", "PERSON")]
    assert [each["id"] for each in (await shopper.history())["nodes"]] == [order_id]
    assert (await thief.history())["nodes"] == []
    assert (await order_by(till, token))["id"] == order_id

    bad = await thief.send("orderClaim", token="A" * 72)
    late = await thief.send("orderClaim", token=token)
    assert bad.body["data"] == late.body["data"] == stolen.body["data"]


async def test_only_a_guests_order_is_claimed(till: Till, shopper: Shopper, factory: Factory) -> None:
    """Mission T7."""
    neighbour = Shopper(till.api, till.shop, await factory.customer(till.shop))
    await shopper.register()
    given = {"input": submission((await till.sell(), 1), customer={"name": "Gift", "email": shopper.email})}
    placed = (await neighbour.ask(SUBMIT, given)).payload("orderSubmit")
    refused = await shopper.send("orderClaim", token=placed["orderToken"])
    assert refused.faults("orderClaim") == [("NOT_FOUND", ["token"])]
    kept = await neighbour.do("orderClaim", token=placed["orderToken"])
    assert kept["order"]["id"] == placed["order"]["id"]
    assert await events(till, placed["order"]["id"]) == [("PLACED", "PERSON")]
    await shopper.register()
    assert (await shopper.history())["nodes"] == []


async def test_only_a_customer_claims(till: Till, shopper: Shopper) -> None:
    """Mission T7."""
    placed = await guest_order(till, shopper.email)
    stranger = await shopper.send("orderClaim", token=placed["orderToken"])
    assert (stranger.status, stranger.codes) == (403, ["FORBIDDEN"])
    guest = await till.api.execute(
        'mutation { orderClaim(input: {token: "x"}) { order { id } } }', tenant=till.shop.slug
    )
    assert (guest.status, guest.codes) == (401, ["UNAUTHENTICATED"])


class Died(Exception):
    """As if the process had."""


async def test_a_claim_that_was_cut_short_has_changed_nothing(till: Till, shopper: Shopper, parts: Parts) -> None:
    """Mission T7."""
    customer = await shopper.register()
    placed = await guest_order(till, shopper.email)
    tenant_id = till.shop.tenant.id
    async with parts.database.read(Scope(tenant_id)) as session:
        row = (await session.execute(select(Order).where(Order.number == placed["order"]["number"]))).scalar_one()
        person = shopper.member.person.id
        known = (await session.execute(select(TimelineEntry.id))).scalars().all()
    signer = Signer(parts.settings.secret_key.get_secret_value().encode())
    actor = Actor(ActorKind.PERSON, tenant_id, person, customer_id=await customer_row(parts, shopper))
    with pytest.raises(Died):
        async with parts.database.write(actor.scope) as session:
            claimed = await order_claims.claim(session, actor=actor, signer=signer, token=placed["orderToken"])
            assert claimed.customer_id == actor.customer_id
            raise Died
    async with parts.database.read(Scope(tenant_id)) as session:
        now = await session.get_one(Order, (tenant_id, row.id))
        assert now.customer_id is None
        assert (await session.execute(select(TimelineEntry.id))).scalars().all() == known
    assert customer["orders"]["nodes"] == []
    assert (await shopper.do("orderClaim", token=placed["orderToken"]))["order"]["id"] == placed["order"]["id"]


async def customer_row(parts: Parts, shopper: Shopper) -> Any:
    async with parts.database.read(Scope(shopper.shop.tenant.id)) as session:
        owner = Customer.person_id == shopper.member.person.id
        return (await session.execute(select(Customer.id).where(owner))).scalar_one()
