"""The tokens of links to orders: for one order of one tenant, until their time is over."""

import uuid
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import Order
from domain.order_links import LIFETIME, linked_order, order_token
from domain.signing import Signer
from domain.store_pages import StorePages

SIGNER = Signer(b"a key of the tests that is long enough")
NOW = datetime(2026, 11, 21, 12, 0, 0, 999_999, tzinfo=UTC)


def an_order(updated_at: datetime = NOW) -> Order:
    return Order(tenant_id=uuid.uuid4(), id=uuid.uuid4(), updated_at=updated_at)


def test_a_link_is_good_for_180_days_after_the_order_last_changed() -> None:
    order = an_order()
    token = order_token(SIGNER, order)
    end = NOW.replace(microsecond=0) + timedelta(days=180)
    for moment, good in ((NOW, True), (end - timedelta(seconds=1), True), (end, False), (end + LIFETIME, False)):
        found = linked_order(SIGNER, tenant_id=order.tenant_id, token=token, now=moment)
        assert found == (order.id if good else None)
    order.updated_at = end
    assert linked_order(SIGNER, tenant_id=order.tenant_id, token=order_token(SIGNER, order), now=end) == order.id


def test_a_link_is_good_for_its_tenant_under_its_key_alone() -> None:
    order = an_order()
    token = order_token(SIGNER, order)
    assert linked_order(SIGNER, tenant_id=uuid.uuid4(), token=token, now=NOW) is None
    another = Signer(b"another key that is long enough, too")
    assert linked_order(another, tenant_id=order.tenant_id, token=token, now=NOW) is None


def test_a_signature_for_something_else_is_no_link() -> None:
    order = an_order()
    token = order_token(SIGNER, order)
    raw = urlsafe_b64decode(token)
    assert raw[22:] != SIGNER.sign("invitation", order.tenant_id.bytes + raw[:22])
    assert raw[:16] == order.id.bytes


def test_the_token_is_the_same_as_long_as_the_order_does_not_change() -> None:
    order = an_order()
    assert order_token(SIGNER, order) == order_token(SIGNER, order)


@given(st.text(max_size=200) | st.text("abcdefghijABCDEFGHIJ0123456789_-", min_size=72, max_size=72))
def test_whatever_else_is_written_is_no_link(text: str) -> None:
    assert linked_order(SIGNER, tenant_id=uuid.UUID(int=0), token=text) is None


@pytest.mark.parametrize(
    ("public_url", "page"),
    [
        ("https://api.sadu.example", "https://dukkan.sadu.example/orders#t0ken"),
        ("http://127.0.0.1:8000", "http://dukkan.sadu.example:8000/orders#t0ken"),
    ],
)
def test_the_page_is_the_stores_own(public_url: str, page: str) -> None:
    assert StorePages.beside(public_url, "sadu.example").order_page("dukkan", "t0ken") == page
