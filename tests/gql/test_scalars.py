"""Money arrives exactly as it was written, or not at all."""

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
