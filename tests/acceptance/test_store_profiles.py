"""What a store tells about itself: written by those who manage it, read by every shopper, in both languages."""

import asyncio
from typing import Any

import pytest

from bootstrap import Parts
from tests.support.api import Api, Reply
from tests.support.factories import Factory, Shop
from tests.support.mail import Post
from tests.support.orders import ADVANCE, submission
from tests.support.statements import counted_statements
from tests.support.store_profiles import FIELDS, FULL, TEXTS

UPDATE = """
mutation($input: TenantUpdateInput!) {
  tenantUpdate(input: $input) {
    tenant { version name { en } }
    profile { about { en ar } whatsappNumber socialLinks { platform url } }
    userErrors { code field message }
  }
}
"""
TOLD = f"{{ store {{ profile {{ {FIELDS} }} }} }}"
VERSION = "{ tenant { version } }"
SUBMIT = """
mutation($input: OrderSubmitInput!) {
  orderSubmit(input: $input) { order { id paymentInstructions { value } } userErrors { code } }
}
"""


async def update(api: Api, shop: Shop, **changes: Any) -> Reply:
    return await api.execute(UPDATE, {"input": changes}, token=shop.token, tenant=shop.slug)


async def told(api: Api, shop: Shop) -> dict[str, Any]:
    return (await api.execute(TOLD, tenant=shop.slug)).data["store"]["profile"]


NOTHING: dict[str, Any] = {**dict.fromkeys(FULL), "socialLinks": []}


async def test_shoppers_read_what_a_store_tells_about_itself(api: Api, shop: Shop) -> None:
    """Mission S1: nothing at first, then all of it, and what is left out stays."""
    assert await told(api, shop) == NOTHING
    (await update(api, shop, profile=FULL)).payload("tenantUpdate")
    assert await told(api, shop) == FULL
    changed = (await update(api, shop, profile={"about": {"ar": "متجر جديد"}})).payload("tenantUpdate")
    assert changed["profile"]["about"] == {"en": None, "ar": "متجر جديد"}
    assert changed["profile"]["whatsappNumber"] == FULL["whatsappNumber"]
    assert await told(api, shop) == FULL | {"about": {"en": None, "ar": "متجر جديد"}}


@pytest.mark.parametrize("field", [name for name in FULL if name != "socialLinks"])
async def test_null_clears_a_field_and_nothing_else(api: Api, shop: Shop, field: str) -> None:
    """Mission S1."""
    (await update(api, shop, profile=FULL)).payload("tenantUpdate")
    (await update(api, shop, profile={field: None})).payload("tenantUpdate")
    assert await told(api, shop) == FULL | {field: None}


async def test_empty_texts_and_an_empty_list_clear_too(api: Api, shop: Shop) -> None:
    """Mission S1."""
    (await update(api, shop, profile=FULL)).payload("tenantUpdate")
    cleared: dict[str, Any] = {"about": {"en": " \n "}, "terms": {}, "taxNumber": "  ", "socialLinks": []}
    (await update(api, shop, profile=cleared)).payload("tenantUpdate")
    assert await told(api, shop) == FULL | {"about": None, "terms": None, "taxNumber": None, "socialLinks": []}
    refused = await update(api, shop, profile={"socialLinks": None})
    assert refused.faults("tenantUpdate") == [("REQUIRED", ["profile", "socialLinks"])]


@pytest.mark.parametrize(("field", "longest"), TEXTS.items())
async def test_a_text_has_a_length_in_each_language(api: Api, shop: Shop, field: str, longest: int) -> None:
    """Mission S1: the bounds that the input describes."""
    (await update(api, shop, profile={field: {"ar": "ض" * longest}})).payload("tenantUpdate")
    for locale in ("en", "ar"):
        long = await update(api, shop, profile={field: {locale: "x" * (longest + 1)}})
        assert long.faults("tenantUpdate") == [("TOO_LONG", ["profile", field, locale])]
    described = '{ __type(name: "StoreProfileInput") { inputFields { name description } } }'
    found = (await api.execute(described)).data["__type"]["inputFields"]
    told = next(each["description"] for each in found if each["name"] == field)
    assert f"{longest:,} characters" in told
    assert "Replaces both languages." in told


async def test_texts_are_plain_and_kept_as_written(api: Api, shop: Shop) -> None:
    """Mission S1: links and markup are text; marks that turn the direction, and control characters, are refused."""
    text = "See https://dukkan.example/returns?a=1&b=2\n<b>14 days</b> & no more"
    (await update(api, shop, profile={"returnsPolicy": {"en": text}})).payload("tenantUpdate")
    assert (await told(api, shop))["returnsPolicy"] == {"en": text, "ar": None}
    for bad in ("pay\u202ehere", "bell\u0007"):
        refused = await update(api, shop, profile={"paymentInstructions": {"ar": bad}})
        assert refused.faults("tenantUpdate") == [("INVALID", ["profile", "paymentInstructions", "ar"])]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+965 5000-1234", "+96550001234"),
        ("00965 (5000) 1234", "+96550001234"),
        ("+1 212 555 0100", "+12125550100"),
        ("50001234", None),
        ("+0965 5000 1234", None),
        ("+965 5000 1234 ext 5", None),
        ("+٩٦٥٥٠٠٠١٢٣٤", None),
        ("+1234567890123456", None),
        ("https://wa.me/96550001234", None),
    ],
)
async def test_a_whatsapp_number_has_its_country_code(api: Api, shop: Shop, written: str, kept: str | None) -> None:
    """Mission S1."""
    reply = await update(api, shop, profile={"whatsappNumber": written})
    expected = [] if kept else [("INVALID", ["profile", "whatsappNumber"])]
    assert reply.faults("tenantUpdate") == expected
    assert (await told(api, shop))["whatsappNumber"] == kept


async def test_everything_wrong_is_told_at_once_and_nothing_is_written(api: Api, shop: Shop) -> None:
    """Mission S1: of the profile and of the tenant together."""
    links = [
        {"platform": "INSTAGRAM", "url": "https://instagram.com.evil.example/dukkan"},
        {"platform": "X", "url": "https://x.com/dukkan"},
        {"platform": "X", "url": "http://x.com/dukkan"},
    ]
    bad = {
        "about": {"en": "x" * 5_001, "ar": "جيد"},
        "whatsappNumber": "call me",
        "taxNumber": "x" * 51,
        "terms": {"en": "Good"},
        "socialLinks": links,
    }
    reply = await update(api, shop, slug="No", brandPrimary="#123456", profile=bad)
    assert reply.faults("tenantUpdate") == [
        ("INVALID", ["slug"]),
        ("TOO_LONG", ["profile", "about", "en"]),
        ("TOO_LONG", ["profile", "taxNumber"]),
        ("INVALID", ["profile", "whatsappNumber"]),
        ("INVALID", ["profile", "socialLinks", "0", "url"]),
        ("INVALID", ["profile", "socialLinks", "2", "platform"]),
        ("INVALID", ["profile", "socialLinks", "2", "url"]),
    ]
    assert await told(api, shop) == NOTHING
    reserved = await update(api, shop, slug="admin", profile={"terms": {"en": "Good"}})
    assert reserved.faults("tenantUpdate") == [("RESERVED", ["slug"])]
    assert await told(api, shop) == NOTHING


async def test_a_taken_slug_takes_the_profile_along(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission S1, S2: the database refuses late, and nothing at all is written."""
    other = await factory.shop()
    refused = await update(api, shop, slug=other.slug, brandPrimary="#123456", profile=FULL)
    assert refused.faults("tenantUpdate") == [("TAKEN", ["slug"])]
    assert await told(api, shop) == NOTHING
    assert (await api.execute(VERSION, token=shop.token, tenant=shop.slug)).data["tenant"]["version"] == 1


async def test_an_edit_that_changes_nothing_is_none(api: Api, shop: Shop) -> None:
    """Mission S1: nobody becomes stale by it."""
    changed = (await update(api, shop, timeZone="Asia/Riyadh")).payload("tenantUpdate")["tenant"]["version"]
    edits: list[dict[str, Any]] = [{}, {"timeZone": "Asia/Riyadh"}, {"profile": {}}]
    for nothing in edits:
        assert (await update(api, shop, **nothing)).payload("tenantUpdate")["tenant"]["version"] == changed
    assert (await update(api, shop, timeZone="Asia/Kuwait")).payload("tenantUpdate")["tenant"]["version"] == changed + 1


async def test_of_two_edits_of_one_version_the_first_wins(api: Api, shop: Shop) -> None:
    """Mission S1: who sends the version is told that it is stale; who does not changes their own fields alone."""
    version = (await api.execute(VERSION, token=shop.token, tenant=shop.slug)).data["tenant"]["version"]
    names = [f"Edit {number}" for number in range(12)]
    edits = [update(api, shop, version=version, profile={"about": {"en": name}}) for name in names]
    replies = await asyncio.gather(*edits)
    won = [name for name, reply in zip(names, replies, strict=True) if not reply.faults("tenantUpdate")]
    assert len(won) == 1
    assert [fault for reply in replies for fault in reply.faults("tenantUpdate")] == [("STALE", ["version"])] * 11
    assert (await told(api, shop))["about"] == {"en": won[0], "ar": None}
    blind = await asyncio.gather(
        update(api, shop, contactPhone="+965 2222 3333"),
        update(api, shop, profile={"taxNumber": "42"}),
        update(api, shop, profile={"terms": {"en": "Ours"}}),
        update(api, shop, profile={"charityPermit": "7"}),
    )
    last = max(reply.payload("tenantUpdate")["tenant"]["version"] for reply in blind)
    assert last == version + 5
    found = await told(api, shop)
    assert (found["taxNumber"], found["terms"]["en"], found["charityPermit"]) == ("42", "Ours", "7")


async def test_a_tenants_name_holds_no_address(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission S1: it heads mails to people who have never heard of it."""
    for name in ("Win at bit.ly/prize", "https://evil.example", "me@evil.example"):
        refused = await update(api, shop, name={"ar": "متجر", "en": name})
        assert refused.faults("tenantUpdate") == [("INVALID", ["name", "en"])]
    (await update(api, shop, name={"en": "Dr. Ahmed <& Sons>", "ar": "د. أحمد"})).payload("tenantUpdate")


async def test_a_profile_is_its_tenants_alone(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission T3, T4, S1."""
    other, member = await factory.shop(), await factory.staff(shop, "member")
    (await update(api, shop, profile=FULL)).payload("tenantUpdate")
    assert await told(api, other) == NOTHING
    refused = await api.execute(UPDATE, {"input": {"profile": {}}}, token=member.token, tenant=shop.slug)
    assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])
    stranger = await api.execute(UPDATE, {"input": {"profile": {}}}, token=other.token, tenant=shop.slug)
    assert stranger.status == 403


async def test_who_has_an_order_to_pay_is_told_how(api: Api, factory: Factory, post: Post) -> None:
    """Mission S1: with the order and in its mails, in the shopper's language; no longer once it is cancelled."""
    shop = await factory.shop(locale="ar")
    instructions = {"en": "Pay <b>KWD</b> by link: https://pay.example/x", "ar": "ادفع عبر الرابط"}
    (await update(api, shop, profile={"paymentInstructions": instructions})).payload("tenantUpdate")
    product, shopper = await factory.product(shop), f"{factory.word()}@people.test"
    given = submission(customer={"name": "Sara", "email": shopper}, locale="EN")
    given["lines"] = [{"variantId": product.variant_id, "quantity": 1}]
    english = {"accept-language": "en"}
    reply = await api.execute(SUBMIT, {"input": given}, tenant=shop.slug, headers=english)
    order = reply.payload("orderSubmit")["order"]
    assert order["paymentInstructions"]["value"] == instructions["en"]
    (mail,) = await post.to(shopper)
    assert instructions["en"] in mail.text
    assert "<b>KWD</b>" not in mail.html
    (to_shop,) = await post.to(shop.tenant.contact_email or "")
    assert not any(each in to_shop.text for each in instructions.values())
    cancel = {"input": {"id": order["id"], "reason": "Out of season"}}
    (await api.execute(ADVANCE["orderCancel"], cancel, token=shop.token, tenant=shop.slug)).payload("orderCancel")
    found = f'{{ tenant {{ order(id: "{order["id"]}") {{ paymentInstructions {{ value }} }} }} }}'
    assert (await api.execute(found, token=shop.token, tenant=shop.slug)).data["tenant"]["order"] == {
        "paymentInstructions": None
    }
    cancelled = (await post.to(shopper))[-1]
    assert not any(each in cancelled.text for each in instructions.values())


async def test_the_profile_is_one_statement_and_only_for_those_who_ask(api: Api, parts: Parts, shop: Shop) -> None:
    """Mission S1: long policies are not read for a page that does not show them."""
    (await update(api, shop, profile=FULL)).payload("tenantUpdate")
    for query, times in ((TOLD, 1), ("{ store { slug name { value } contactPhone } }", 0)):
        with counted_statements(parts.database) as statements:
            await api.execute(f"{query} # {Factory.word()}", tenant=shop.slug)
        assert sum("store_profiles" in statement for statement in statements) == times
