"""Mails to shoppers, tenants and people, written from what the database holds when they leave.

The kinds of the tenants' outbox carry the payload `order_id`, `mail.invitation` an `invitation_id`; `account.confirm`
and `account.reset` carry `code_id`; `account.exists` carries nothing.
"""

from collections.abc import Mapping
from functools import partial

from domain.notifications import accounts, invitations, orders, wording
from domain.notifications.errands import Composer, Errand, UnknownKind
from domain.ports import OutgoingMail

__all__ = ["COMPOSERS", "Errand", "UnknownKind", "compose"]

COMPOSERS: Mapping[str, Composer] = {
    "mail.order_received": partial(orders.to_shopper, wording.ORDER_RECEIVED),
    "mail.order_placed": partial(orders.to_tenant, wording.ORDER_PLACED),
    "mail.order_confirmed": partial(orders.to_shopper, wording.ORDER_CONFIRMED),
    "mail.order_cancelled": partial(orders.to_shopper, wording.ORDER_CANCELLED),
    "mail.order_fulfilled": partial(orders.to_shopper, wording.ORDER_FULFILLED),
    "mail.invitation": partial(invitations.to_invitee, wording.INVITATION),
    "account.confirm": partial(accounts.with_code, wording.ACCOUNT_CONFIRM),
    "account.reset": partial(accounts.with_code, wording.ACCOUNT_RESET),
    "account.exists": partial(accounts.without_code, wording.ACCOUNT_EXISTS),
}


async def compose(errand: Errand) -> OutgoingMail | None:
    """The mail that an outbox message stands for; None if there is no point in sending it any more.

    Raises `UnknownKind`, and whatever reading the database raises, such as `NoResultFound` for an order that is gone.
    """
    composer = COMPOSERS.get(errand.kind)
    if composer is None:
        raise UnknownKind
    return await composer(errand)
