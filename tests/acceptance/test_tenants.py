"""Opening a shop, its profile, and choosing among several."""

import asyncio

import pytest

from tests.support.api import Api
from tests.support.factories import Factory, Shop

CREATE = """
mutation($input: TenantCreateInput!) {
  tenantCreate(input: $input) {
    tenant { id slug status name { en ar } currency timeZone locale contactEmail }
    userErrors { code field message }
  }
}
"""

UPDATE = """
mutation($input: TenantUpdateInput!) {
  tenantUpdate(input: $input) {
    tenant { slug name { en ar } contactPhone brandPrimary locale timeZone }
    userErrors { code field message }
  }
}
"""

PROFILE = "{ tenant { id slug status name { en ar } currency timeZone } }"


async def test_a_person_opens_a_shop_and_is_its_owner_at_once(api: Api, factory: Factory) -> None:
    """Mission T4, S1."""
    person, slug = await factory.member(), f"dates-{factory.word()}"
    given = {"slug": slug, "name": {"en": "Date House", "ar": "بيت التمر"}, "contactEmail": "Hello@Dates.Test"}

    made = (await api.execute(CREATE, {"input": given}, token=person.token)).payload("tenantCreate")["tenant"]

    assert made["currency"] == "KWD"
    assert made["timeZone"] == "Asia/Kuwait"
    assert made["status"] == "ACTIVE"
    assert made["contactEmail"] == "hello@dates.test"
    profile = (await api.execute(PROFILE, token=person.token, tenant=slug)).data["tenant"]
    assert profile["name"] == {"en": "Date House", "ar": "بيت التمر"}
    store = (await api.execute("{ store { status name { value } } }", tenant=slug)).data["store"]
    assert store == {"status": "OPEN", "name": {"value": "بيت التمر"}}


async def test_a_person_with_several_tenants_chooses_one_per_request(api: Api, factory: Factory) -> None:
    """Mission T4."""
    person = await factory.member()
    slugs = [f"branch-{factory.word()}" for _ in range(3)]
    for slug in slugs:
        given = {"slug": slug, "name": {"en": slug}}
        (await api.execute(CREATE, {"input": given}, token=person.token)).payload("tenantCreate")
    for slug in slugs:
        reply = await api.execute(PROFILE, token=person.token, tenant=slug)
        assert reply.data["tenant"]["slug"] == slug
    nowhere = await api.execute(PROFILE, token=person.token)
    assert (nowhere.status, nowhere.codes) == (400, ["TENANT_REQUIRED"])


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"slug": "ab"}, "INVALID", ["slug"]),
        ({"slug": "Dates"}, "INVALID", ["slug"]),
        ({"slug": "two--hyphens"}, "INVALID", ["slug"]),
        ({"slug": "a" * 41}, "INVALID", ["slug"]),
        ({"slug": "admin"}, "RESERVED", ["slug"]),
        ({"name": {}}, "REQUIRED", ["name"]),
        ({"name": {"en": "   "}}, "REQUIRED", ["name"]),
        ({"name": {"en": "x" * 201}}, "TOO_LONG", ["name", "en"]),
        ({"name": {"ar": "سطر\u0007"}}, "INVALID", ["name", "ar"]),
        ({"contactEmail": "not an address"}, "INVALID", ["contactEmail"]),
        ({"contactPhone": "call me"}, "INVALID", ["contactPhone"]),
        ({"timeZone": "Asia/Atlantis"}, "INVALID", ["timeZone"]),
        ({"timeZone": "asia/kuwait"}, "INVALID", ["timeZone"]),
        ({"timeZone": "localtime"}, "INVALID", ["timeZone"]),
    ],
)
async def test_bad_input_is_told_by_code_and_field(
    api: Api, factory: Factory, change: dict[str, object], code: str, field: list[str]
) -> None:
    """Mission T4, S1."""
    person = await factory.member()
    given = {"slug": f"bad-{factory.word()}", "name": {"en": "Bad"}} | change
    reply = await api.execute(CREATE, {"input": given}, token=person.token)
    assert reply.faults("tenantCreate") == [(code, field)]
    assert reply.data["tenantCreate"]["tenant"] is None


async def test_everything_wrong_is_told_at_once(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission T4, S1."""
    person = await factory.member()
    bad = {
        "slug": "Dates",
        "name": {"en": " "},
        "contactEmail": "not an address",
        "contactPhone": "call me",
        "timeZone": "Asia/Atlantis",
    }
    expected = [
        ("INVALID", ["slug"]),
        ("REQUIRED", ["name"]),
        ("INVALID", ["contactEmail"]),
        ("INVALID", ["contactPhone"]),
        ("INVALID", ["timeZone"]),
    ]
    made = await api.execute(CREATE, {"input": bad}, token=person.token)
    assert made.faults("tenantCreate") == expected
    changed = await api.execute(UPDATE, {"input": bad}, token=shop.token, tenant=shop.slug)
    assert changed.faults("tenantUpdate") == expected
    untouched = await api.execute("{ store { slug timeZone } }", tenant=shop.slug)
    assert untouched.data["store"] == {"slug": shop.slug, "timeZone": "Asia/Kuwait"}


async def test_a_slug_is_given_once_however_many_ask_at_the_same_time(api: Api, factory: Factory) -> None:
    """Mission T4."""
    person, slug = await factory.member(), f"race-{factory.word()}"
    given = {"slug": slug, "name": {"en": "Race"}}
    replies = await asyncio.gather(*(api.execute(CREATE, {"input": given}, token=person.token) for _ in range(8)))
    assert sorted(len(reply.data["tenantCreate"]["userErrors"]) for reply in replies) == [0] + [1] * 7
    assert {fault for reply in replies for fault in map(str, reply.faults("tenantCreate"))} == {
        str(("TAKEN", ["slug"]))
    }


async def test_the_profile_changes_and_what_is_left_out_stays(api: Api, shop: Shop) -> None:
    """Mission S1."""
    change = {"name": {"ar": "اسم جديد"}, "brandPrimary": "#0A7D5C", "contactPhone": "+965 2222 3333", "locale": "AR"}
    payload = (await api.execute(UPDATE, {"input": change}, token=shop.token, tenant=shop.slug)).payload("tenantUpdate")
    assert payload["tenant"] == {
        "slug": shop.slug,
        "name": {"en": None, "ar": "اسم جديد"},
        "contactPhone": "+965 2222 3333",
        "brandPrimary": "#0a7d5c",
        "locale": "AR",
        "timeZone": "Asia/Kuwait",
    }
    cleared = await api.execute(UPDATE, {"input": {"contactPhone": None}}, token=shop.token, tenant=shop.slug)
    tenant = cleared.payload("tenantUpdate")["tenant"]
    assert tenant["contactPhone"] is None
    assert tenant["brandPrimary"] == "#0a7d5c"


async def test_a_new_slug_answers_at_once_and_a_taken_one_is_refused(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission S1, S2."""
    other, slug = await factory.shop(), f"moved-{factory.word()}"
    taken = await api.execute(UPDATE, {"input": {"slug": other.slug}}, token=shop.token, tenant=shop.slug)
    assert taken.faults("tenantUpdate") == [("TAKEN", ["slug"])]
    (await api.execute(UPDATE, {"input": {"slug": slug}}, token=shop.token, tenant=shop.slug)).payload("tenantUpdate")
    assert (await api.execute("{ store { slug } }", tenant=slug)).data["store"]["slug"] == slug
    gone = await api.execute("{ store { slug } }", tenant=shop.slug)
    assert (gone.status, gone.codes) == (410, ["TENANT_MOVED"])


async def test_only_those_who_manage_the_tenant_change_it(api: Api, factory: Factory, shop: Shop) -> None:
    """Mission T4."""
    stranger, member = (await factory.shop()).owner, await factory.staff(shop, "member")
    change = {"input": {"brandPrimary": "#ffffff"}}
    guest = await api.execute(UPDATE, change, tenant=shop.slug)
    assert (guest.status, guest.codes) == (401, ["UNAUTHENTICATED"])
    for person in (stranger, member):
        refused = await api.execute(UPDATE, change, token=person.token, tenant=shop.slug)
        assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])
    admin = await factory.staff(shop, "admin")
    untouched = await api.execute("{ store { brandPrimary } }", tenant=shop.slug)
    assert untouched.data["store"]["brandPrimary"] is None
    (await api.execute(UPDATE, change, token=admin.token, tenant=shop.slug)).payload("tenantUpdate")


async def test_a_tenants_name_falls_to_its_own_language_whatever_the_request_names(
    api: Api, factory: Factory, shop: Shop
) -> None:
    """Mission T4, S1: in the payload of its creation, among memberships, on the platform."""
    assert shop.tenant.locale == "en"
    person, slug = await factory.member(), f"bilingual-{factory.word()}"
    document = """mutation($input: TenantCreateInput!) {
      tenantCreate(input: $input) { tenant { id name { value } } userErrors { code } }
    }"""
    given = {"slug": slug, "name": {"en": "Date House", "ar": "بيت التمر"}, "locale": "EN"}
    made = (await api.execute(document, {"input": given}, token=person.token)).payload("tenantCreate")["tenant"]
    assert made["name"]["value"] == "Date House"
    arabic = await factory.shop(locale="ar")
    listed = "{ viewer { memberships { tenant { name { value inArabic: value(locale: AR) } } } } }"
    for tenant in (None, arabic.slug):
        viewer = (await api.execute(listed, token=person.token, tenant=tenant)).data["viewer"]
        name = viewer["memberships"][0]["tenant"]["name"]
        assert name == {"value": "Date House", "inArabic": "بيت التمر"}
    operator = await factory.operator()
    found = "query($id: ID!) { platform { tenant(id: $id) { name { value } } } }"
    platform = (await api.admin(found, {"id": made["id"]}, token=operator.token)).data["platform"]
    assert platform["tenant"]["name"]["value"] == "Date House"
