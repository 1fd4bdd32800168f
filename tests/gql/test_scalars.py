"""Money and moments arrive exactly as they were written, or not at all."""

from decimal import Decimal

import pytest

from tests.support.api import Api
from tests.support.factories import Shop

CREATE = """mutation($price: Decimal!) {
  catalogItemCreate(input: {kind: PRODUCT, name: {en: "Dates"}, price: $price}) {
    item { price { amount } } userErrors { code field }
  }
}"""
LITERAL = """mutation {
  catalogItemCreate(input: {kind: PRODUCT, name: {en: "Dates"}, price: %s}) {
    item { price { amount } } userErrors { code field }
  }
}"""
FOUR_DECIMALS = [("INVALID", ["price"])]


@pytest.mark.parametrize("price", ["4.75", "4.750", 4, "0"])
async def test_a_variable_is_a_string_or_a_whole_number(api: Api, shop: Shop, price: str | int) -> None:
    reply = await api.execute(CREATE, {"price": price}, token=shop.token, tenant=shop.slug)
    amount = reply.payload("catalogItemCreate")["item"]["price"]["amount"]
    assert Decimal(amount) == Decimal(str(price))
    assert len(amount.partition(".")[2]) == 3


@pytest.mark.parametrize(
    "price",
    [4.75, True, None, "", "1_000", "٤.٥", " 4.5", "4.5 ", "+4", ".5", "5.", "1e3", "NaN", "Infinity", "0x10", [], {}],
)
async def test_anything_else_is_refused(api: Api, shop: Shop, price: object) -> None:
    reply = await api.execute(CREATE, {"price": price}, token=shop.token, tenant=shop.slug)
    assert reply.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("written", ["4.7500000000000000001", '"4.7500000000000000001"', "0.0001"])
async def test_a_number_in_the_document_is_never_rounded(api: Api, shop: Shop, written: str) -> None:
    reply = await api.execute(LITERAL % written, token=shop.token, tenant=shop.slug)
    assert reply.faults("catalogItemCreate") == FOUR_DECIMALS


@pytest.mark.parametrize("written", ["4.75", "4", '"4.750"'])
async def test_a_number_in_the_document_may_be_bare(api: Api, shop: Shop, written: str) -> None:
    reply = await api.execute(LITERAL % written, token=shop.token, tenant=shop.slug)
    assert Decimal(reply.payload("catalogItemCreate")["item"]["price"]["amount"]) == Decimal(written.strip('"'))


SINCE = "query($since: DateTime) { tenant { visits(since: $since) { totalCount } } }"


@pytest.mark.parametrize("moment", ["2026-11-21T04:28:47Z", "2026-11-21T04:28:47.5+03:00", None])
async def test_a_moment_has_an_offset(api: Api, shop: Shop, moment: str | None) -> None:
    reply = await api.execute(SINCE, {"since": moment}, token=shop.token, tenant=shop.slug)
    assert reply.data["tenant"]["visits"] == {"totalCount": 0}


@pytest.mark.parametrize(
    "moment",
    ["later", "", "2026-11-21T04:28:47", "2026-11-21", "0001-01-01T00:00:00+14:00", "٢٠٢٦-11-21T04:28:47Z", 5, []],
)
async def test_what_is_no_moment_is_refused_and_said_plainly(api: Api, shop: Shop, moment: object) -> None:
    reply = await api.execute(SINCE, {"since": moment}, token=shop.token, tenant=shop.slug)
    assert reply.codes == ["BAD_USER_INPUT"]
    assert "int()" not in str(reply.body)
