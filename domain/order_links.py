"""Signed links to orders: whoever has one sees the order as its buyer does. No table holds them."""

import re
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Order
from domain.actors import Actor
from domain.signing import Signer

PURPOSE = "order link"
LIFETIME = timedelta(days=180)
TOKEN = re.compile(r"[A-Za-z0-9_-]{72}")
"""54 bytes: the order's id, six of the moment when the link expires, and the signature of both and the tenant."""


def order_token(signer: Signer, order: Order) -> str:
    """Good for 180 days after the order last changed, so it is the same until then."""
    expires = int((order.updated_at + LIFETIME).timestamp())
    message = order.id.bytes + expires.to_bytes(6)
    return urlsafe_b64encode(message + signature(signer, order.tenant_id, message)).decode()


def linked_order(signer: Signer, *, tenant_id: uuid.UUID, token: str, now: datetime | None = None) -> uuid.UUID | None:
    """The order that a token is for; None for one that is forged, expired or another tenant's."""
    if not TOKEN.fullmatch(token):
        return None
    raw = urlsafe_b64decode(token)
    message = raw[:22]
    if not signer.is_signed(PURPOSE, tenant_id.bytes + message, raw[22:]):
        return None
    expires = int.from_bytes(message[16:])
    return uuid.UUID(bytes=message[:16]) if (now or datetime.now(UTC)).timestamp() < expires else None


def signature(signer: Signer, tenant_id: uuid.UUID, message: bytes) -> bytes:
    return signer.sign(PURPOSE, tenant_id.bytes + message)


async def find_linked(session: AsyncSession, *, actor: Actor, signer: Signer, token: str) -> Order | None:
    """The order of this tenant that a token is for. It asks for no permission: the link is one."""
    order_id = linked_order(signer, tenant_id=actor.tenant, token=token)
    return await session.get(Order, (actor.tenant, order_id)) if order_id else None
