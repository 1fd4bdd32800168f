"""What the mails say, to whom, and in which language."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import NoResultFound

from bootstrap import Parts
from db.models import Order, Person, Tenant
from db.session import Scope
from domain.identity import ACCOUNT_MAILS, mailed_code
from domain.notifications import COMPOSERS, Errand, UnknownKind, compose
from domain.notifications.rendering import brand_colour, one_line, readable_on
from domain.order_links import order_token
from domain.ports import OutgoingMail
from domain.signing import Signer
from tests.support.outbox import Ground

SECRET = b"a secret of the tests"
MESSAGE_ID = "<1@sadu.test>"
SHOPPERS = ["mail.order_received", "mail.order_confirmed", "mail.order_cancelled", "mail.order_fulfilled"]


@pytest.fixture
def ground(parts: Parts) -> Ground:
    return Ground(parts.database)


async def about_order(ground: Ground, kind: str, tenant: Tenant, order_id: uuid.UUID) -> OutgoingMail:
    async with ground.database.read(Scope(tenant_id=tenant.id)) as session:
        mail = await compose(Errand(session, tenant.id, kind, {"order_id": str(order_id)}, SECRET, MESSAGE_ID))
    assert mail is not None
    return mail


async def about_account(ground: Ground, kind: str, person: Person, **payload: uuid.UUID) -> OutgoingMail | None:
    async with ground.database.read(Scope(person_id=person.id)) as session:
        plain = {name: str(value) for name, value in payload.items()}
        return await compose(Errand(session, person.id, kind, plain, SECRET, MESSAGE_ID))


async def shop_with_order(ground: Ground, **order: Any) -> tuple[Tenant, Order]:
    tenant = await ground.tenant(
        contact_email=ground.address(), contact_phone="+965 2222 3333", brand_primary="#7a1f2b"
    )
    return tenant, await ground.order(tenant, **order)


@pytest.mark.parametrize("kind", SHOPPERS)
async def test_the_shopper_reads_english(ground: Ground, kind: str) -> None:
    """Mission N1."""
    tenant, order = await shop_with_order(ground)
    mail = await about_order(ground, kind, tenant, order.id)
    assert (mail.to, mail.reply_to, mail.message_id) == (order.customer_email, tenant.contact_email, MESSAGE_ID)
    assert str(order.number) in mail.subject
    assert mail.subject.endswith("Sadu Crafts")
    for body in (mail.text, mail.html):
        for told in ("Fahad", str(order.number), "Woven cushion", "SKU-0", "12.500 KWD", "25.000 KWD", "Sadu Crafts"):
            assert told in body
    assert 'lang="en" dir="ltr"' in mail.html
    assert "background-color:#7a1f2b;color:#ffffff" in mail.html
    assert not re.search(r"[\u0600-\u06ff]", mail.subject + mail.text + mail.html)


@pytest.mark.parametrize("kind", SHOPPERS)
async def test_the_shopper_reads_arabic_from_right_to_left(ground: Ground, kind: str) -> None:
    """Mission N1."""
    tenant, order = await shop_with_order(ground, locale="ar", customer_name="فهد")
    mail = await about_order(ground, kind, tenant, order.id)
    assert mail.subject.endswith("حرف السدو")
    for body in (mail.text, mail.html):
        for told in ("فهد", str(order.number), "وسادة منسوجة", "12.500 KWD", "25.000 KWD", "الإجمالي"):
            assert told in body
        assert not {"Total", "Woven", "Order"} & set(re.findall(r"\w+", re.sub(r"<[^>]*>", " ", body)))
    assert '<html lang="ar" dir="rtl">' in mail.html


async def test_the_tenant_learns_who_ordered_and_answers_the_shopper(ground: Ground) -> None:
    """Mission N1."""
    tenant, order = await shop_with_order(ground, customer_phone="+965 5555 1234", note="Ring twice\nplease")
    mail = await about_order(ground, "mail.order_placed", tenant, order.id)
    assert (mail.to, mail.reply_to) == (tenant.contact_email, order.customer_email)
    assert "طلب جديد" in mail.subject  # the tenant's language, not the shopper's
    for told in ("Fahad", order.customer_email, "+965 5555 1234", "Ring twice\nplease", "وسادة منسوجة"):
        assert told in mail.text
        assert told in mail.html


async def test_the_shopper_alone_gets_the_link_to_the_order(ground: Ground) -> None:
    """Mission T7."""
    tenant, order = await shop_with_order(ground)
    page = f"http://{tenant.slug}.localhost/orders#{order_token(Signer(SECRET), order)}"
    for kind in SHOPPERS:
        mail = await about_order(ground, kind, tenant, order.id)
        assert f"View your order:\n{page}\n" in mail.text
        assert f'<a href="{page}"' in mail.html
    to_tenant = await about_order(ground, "mail.order_placed", tenant, order.id)
    assert "/orders#" not in to_tenant.text + to_tenant.html


async def test_without_a_contact_address_the_first_owner_is_told(ground: Ground) -> None:
    tenant = await ground.tenant()
    member, first, second = [await ground.person() for _ in range(3)]
    await ground.member(tenant, member, "member")
    await ground.member(tenant, first, "owner")
    await ground.member(tenant, second, "owner")
    order = await ground.order(tenant, locale="ar")
    mail = await about_order(ground, "mail.order_placed", tenant, order.id)
    assert mail.to == first.email
    assert mail.subject.startswith("New order")


async def test_names_fall_back_to_the_other_language(ground: Ground) -> None:
    """Mission S8."""
    tenant = await ground.tenant(name_ar=None)
    order = await ground.order(tenant, locale="ar", names=[("Only English", None), (None, "عربي فقط"), (None, None)])
    mail = await about_order(ground, "mail.order_received", tenant, order.id)
    assert "Sadu Crafts" in mail.subject
    for told in ("Only English", "عربي فقط", "- SKU-2"):
        assert told in mail.text


async def test_amounts_have_three_decimals_and_the_orders_own_currency(ground: Ground) -> None:
    tenant, order = await shop_with_order(ground, currency="SAR", total=Decimal("1234567.5"))
    mail = await about_order(ground, "mail.order_received", tenant, order.id)
    assert "1,234,567.500 SAR" in mail.text
    assert "1,234,567.500 SAR" in mail.html


async def test_what_people_type_is_text_and_never_markup(ground: Ground) -> None:
    evil = '<script>alert(1)</script>"{{ 7*7 }}{number}'
    tenant = await ground.tenant(
        name_en=evil, contact_email="a@b.test", contact_phone=evil, brand_primary='red;}"><script>alert(1)</script>'
    )
    order = await ground.order(tenant, names=[(evil, None)], customer_name=evil, note=evil, customer_phone=evil)
    for kind in (*SHOPPERS, "mail.order_placed"):
        mail = await about_order(ground, kind, tenant, order.id)
        assert "<script" not in mail.html
        assert "red;" not in mail.html
        assert "{{ 7*7 }}{number}" in mail.html
        assert evil in mail.text


async def test_a_subject_is_one_line_whatever_the_names_hold(ground: Ground) -> None:
    tenant = await ground.tenant(name_en="Shop\r\nBcc: victim@people.test\u2028X\x85Y\x07Z")
    order = await ground.order(tenant)
    mail = await about_order(ground, "mail.order_received", tenant, order.id)
    assert len(mail.subject.splitlines()) == 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", mail.subject)


async def test_another_tenants_order_is_not_found(ground: Ground) -> None:
    tenant, _ = await shop_with_order(ground)
    _, foreign = await shop_with_order(ground)
    with pytest.raises(NoResultFound):
        await about_order(ground, "mail.order_received", tenant, foreign.id)


@pytest.mark.parametrize("purpose", ["confirm", "reset"])
@pytest.mark.parametrize("locale", ["en", "ar"])
async def test_a_code_is_mailed_to_its_person(ground: Ground, purpose: str, locale: str) -> None:
    """Mission T1."""
    person = await ground.person(locale=locale)
    code_id = await ground.code(person, purpose)
    mail = await about_account(ground, f"account.{purpose}", person, code_id=code_id)
    assert mail is not None
    code = mailed_code(SECRET, code_id)
    assert mail.to == person.email
    assert code in mail.text
    assert code in mail.html
    assert code not in mail.subject
    assert bool(re.search(r"[\u0600-\u06ff]", mail.subject)) == (locale == "ar")
    assert ('dir="rtl"' in mail.html) == (locale == "ar")


async def test_a_code_that_is_no_longer_good_is_not_mailed(ground: Ground) -> None:
    person, stranger = await ground.person(), await ground.person()
    now = datetime.now(UTC)
    expired = await ground.code(person, "confirm", expires_at=now - timedelta(seconds=1))
    used = await ground.code(person, "confirm", consumed_at=now)
    foreign = await ground.code(stranger, "confirm")
    for code_id in (expired, used, foreign):
        assert await about_account(ground, "account.confirm", person, code_id=code_id) is None


async def test_a_known_address_is_told_that_it_has_an_account(ground: Ground) -> None:
    """Mission T1."""
    person = await ground.person()
    mail = await about_account(ground, "account.exists", person)
    assert mail is not None
    assert mail.to == person.email
    assert "already has an account" in mail.text
    assert not re.search(r"\d{6}", mail.text)


async def test_an_unknown_kind_is_an_error(ground: Ground) -> None:
    tenant = await ground.tenant()
    with pytest.raises(UnknownKind):
        await about_order(ground, "mail.unheard_of", tenant, uuid.uuid4())


def test_every_kind_that_accounts_enqueue_has_a_composer() -> None:
    assert set(ACCOUNT_MAILS) <= set(COMPOSERS)


@pytest.mark.parametrize(
    ("colour", "shown"),
    [("#00Aa99", "#00Aa99"), (None, "#1f2937"), ("red", "#1f2937"), ("#fff", "#1f2937"), ("#00aa99\n", "#1f2937")],
)
def test_only_a_hex_colour_reaches_a_style(colour: str | None, shown: str) -> None:
    assert brand_colour(colour) == shown


@pytest.mark.parametrize(
    ("background", "ink"), [("#000000", "#ffffff"), ("#ffee00", "#000000"), ("#ffffff", "#000000")]
)
def test_the_shops_name_stands_out_from_its_colour(background: str, ink: str) -> None:
    assert readable_on(background) == ink


def test_control_characters_leave_a_subject() -> None:
    assert one_line(" a\r\n b\u2029c\x07\td ") == "a b c d"
