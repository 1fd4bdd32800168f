"""Mails about an order, to the shopper and to the tenant."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from db.models import Order, OrderLine, StoreProfile, Tenant
from domain.notifications.errands import Errand
from domain.notifications.order_amounts import shown_address, shown_amounts
from domain.notifications.rendering import Sender, amount, brand_colour, one_line, render
from domain.notifications.wording import Wordings
from domain.order_links import order_token
from domain.ports import OutgoingMail
from domain.signing import Signer
from domain.texts import LocalizedText

FIND_FIRST_OWNER = text("SELECT email, locale FROM find_owners() LIMIT 1")


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of the order as the mail's table shows it."""

    name: str
    sku: str | None
    quantity: int
    unit_price: str
    total: str


@dataclass(frozen=True, slots=True)
class OrderFound:
    """An order with all that a mail tells of it."""

    tenant: Tenant
    order: Order
    lines: Sequence[OrderLine]
    profile: StoreProfile | None

    def how_to_pay(self, locale: str) -> str:
        """What the store tells whoever still has to pay the order by arrangement; empty where nobody has, or it tells
        nothing. Somebody who is paying online must not be asked to pay in another way as well.
        """
        order = self.order
        if self.profile is None or order.payment_status != "unpaid" or order.status == "cancelled":
            return ""
        if order.payment_method not in {None, "manual"}:
            return ""
        profile = self.profile
        return LocalizedText(en=profile.payment_instructions_en, ar=profile.payment_instructions_ar).in_locale(locale)


@dataclass(frozen=True, slots=True)
class Envelope:
    """To whom, in which language, and who gets the answers.

    `tells_customer` how to reach them; `link` is where the reader sees the order, where that is the shopper.
    """

    to: str
    locale: str
    reply_to: str | None
    tells_customer: bool = False
    link: str | None = None


async def to_shopper(wordings: Wordings, errand: Errand) -> OutgoingMail:
    """To whoever placed the order, in the order's language, with its link; an answer goes to the tenant."""
    found = await find_order(errand)
    order, contact = found.order, found.tenant.contact_email
    link = errand.store_pages.order_page(found.tenant.slug, order_token(Signer(errand.secret_key), order))
    return written(wordings, errand, found, Envelope(order.customer_email, order.locale, reply_to=contact, link=link))


async def to_tenant(wordings: Wordings, errand: Errand) -> OutgoingMail:
    """To the tenant's contact address, else to its first owner; an answer goes to the shopper."""
    found = await find_order(errand)
    to, locale = found.tenant.contact_email, found.tenant.locale
    if to is None:
        to, locale = (await errand.session.execute(FIND_FIRST_OWNER)).one()
    envelope = Envelope(to, locale, reply_to=found.order.customer_email, tells_customer=True)
    return written(wordings, errand, found, envelope)


async def find_order(errand: Errand) -> OrderFound:
    """Raises `NoResultFound` if this tenant has no such order."""
    order_id = uuid.UUID(errand.payload["order_id"])
    lines = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.position)
    return OrderFound(
        tenant=await errand.session.get_one(Tenant, errand.owner_id),
        order=await errand.session.get_one(Order, (errand.owner_id, order_id)),
        lines=(await errand.session.execute(lines)).scalars().all(),
        profile=await errand.session.get(StoreProfile, errand.owner_id),
    )


def written(wordings: Wordings, errand: Errand, found: OrderFound, envelope: Envelope) -> OutgoingMail:
    tenant, order, locale = found.tenant, found.order, envelope.locale
    sender = Sender(
        name=LocalizedText(en=tenant.name_en, ar=tenant.name_ar).in_locale(locale),
        colour=brand_colour(tenant.brand_primary),
        email=tenant.contact_email,
        phone=tenant.contact_phone,
    )
    wording = wordings[locale].filled(number=order.number, store=sender.name, customer=order.customer_name)
    bodies = render(
        "order",
        locale,
        sender,
        wording=wording,
        order=order,
        lines=[shown(line, order.currency, locale) for line in found.lines],
        amounts=shown_amounts(order, locale),
        total=amount(order.total, order.currency),
        address=shown_address(order, locale),
        placed_at=local_time(order.placed_at, tenant.time_zone),
        tells_customer=envelope.tells_customer,
        how_to_pay="" if envelope.tells_customer else found.how_to_pay(locale),
        link=envelope.link,
    )
    subject = one_line(wording.subject)
    return OutgoingMail(errand.message_id, envelope.to, subject, bodies.text, bodies.html, envelope.reply_to)


def shown(line: OrderLine, currency: str, locale: str) -> ShownLine:
    return ShownLine(
        name=LocalizedText(en=line.name_en, ar=line.name_ar).in_locale(locale) or line.sku or "–",
        sku=line.sku,
        quantity=line.quantity,
        unit_price=amount(line.unit_price, currency),
        total=amount(line.total, currency),
    )


def local_time(moment: datetime, time_zone: str) -> str:
    """The tenant's wall clock, to the minute: `2026-07-05 14:20`."""
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}"
