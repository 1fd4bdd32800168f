"""One command on a machine with nothing: what it starts can be used at once, by every person it names."""

from urllib.parse import urlsplit

import httpx

from cli.demo_data import FIRST_QUERY, PASSWORD
from devstack.stack import throwaway_directory
from tests.support.api import Api
from tests.support.dev_process import running, state

SIGN_IN = """mutation($input: SessionSignInInput!) {
  sessionSignIn(input: $input) { session { accessToken } userErrors { code } }
}"""
ORDER = """mutation($input: OrderSubmitInput!) {
  orderSubmit(input: $input) { order { number total { amount } } userErrors { code message } }
}"""


async def test_the_readmes_first_steps_on_a_fresh_machine() -> None:
    """Mission X1, X7, W1, S2, T9, N1."""
    with throwaway_directory() as directory, running(directory):
        told = state(directory)
        address = urlsplit(str(told["api_url"]))
        api = Api(f"{address.scheme}://{address.netloc}")
        shop, charity = told["demo"]["tenants"]

        store = (await api.execute(FIRST_QUERY, tenant=shop["slug"])).data["store"]
        assert store["name"] == {"en": "Dukkan", "ar": "دكان"}
        assert len(store["items"]["nodes"]) == 3

        for tenant in (shop, charity):
            office = await api.execute("{ tenant { slug } }", token=tenant["access_token"], tenant=tenant["slug"])
            assert office.data["tenant"]["slug"] == tenant["slug"]
            credentials = {"email": tenant["owner_email"], "password": tenant["password"]}
            (await api.execute(SIGN_IN, {"input": credentials})).payload("sessionSignIn")
        assert shop["password"] == PASSWORD
        platform = await api.admin(
            "{ platform { tenants { totalCount } } }", token=told["demo"]["platform"]["access_token"]
        )
        assert platform.data["platform"]["tenants"]["totalCount"] == 2
        assert (await api.http.get(told["graphiql_url"])).status_code == 200

        given = {
            "idempotencyKey": "an-order-of-the-first-steps",
            "customer": {"name": "Sara", "email": "sara@people.test"},
            "lines": [{"variantId": store["items"]["nodes"][0]["variants"][0]["id"], "quantity": 2}],
        }
        order = (await api.execute(ORDER, {"input": given}, tenant=shop["slug"])).payload("orderSubmit")["order"]
        assert order == {"number": 1001, "total": {"amount": "4.500"}}
        async with httpx.AsyncClient(base_url=told["mail_url"], timeout=30) as mailbox:
            for recipient in ("sara@people.test", "orders@dukkan.test"):
                mails = (await mailbox.get("/messages.json", params={"to": recipient, "wait": 10})).json()
                assert len(mails) == 1, recipient
                assert "1001" in mails[0]["subject"]
        await api.http.aclose()
