"""Mails that must not be lost: the order is taken whatever the mail server says, and the mail follows when it can."""

import asyncio
import secrets

from bootstrap import build_parts
from devstack.mailbox import Mailbox
from gql.ids import global_id
from settings import Settings
from tests.support.api import Api
from tests.support.factories import Factory
from tests.support.mail import Post

SUBMIT = """mutation($input: OrderSubmitInput!) {
  orderSubmit(input: $input) { order { number } userErrors { code } }
}"""


async def test_an_order_taken_while_the_mail_server_is_down_is_mailed_when_it_is_back(
    api: Api, factory: Factory, settings: Settings
) -> None:
    """Mission N1, N4."""
    shop = await factory.shop(contact_email=f"{factory.word()}@shops.test")
    product, shopper = await factory.product(shop), f"{factory.word()}@people.test"
    mailbox = Mailbox()
    mailbox.start()
    mailbox.stop()
    parts = build_parts(settings.model_copy(update={"smtp_url": mailbox.url}))
    post = Post(parts, mailbox)
    given = {
        "idempotencyKey": secrets.token_urlsafe(16),
        "customer": {"name": "Sara", "email": shopper},
        "lines": [{"variantId": global_id("variant", product.variant.id), "quantity": 1}],
    }
    try:
        (await api.execute(SUBMIT, {"input": given}, tenant=shop.slug)).payload("orderSubmit")
        await post.deliver()
        assert mailbox.messages() == []

        mailbox.start()
        for _ in range(30):
            if len(await post.to(shopper)) == 1 and len(mailbox.messages(shop.tenant.contact_email)) == 1:
                break
            await asyncio.sleep(0.5)
        await post.deliver()
        assert len(mailbox.messages(shopper)) == 1
        assert len(mailbox.messages(shop.tenant.contact_email)) == 1
    finally:
        mailbox.stop()
        await parts.close()
