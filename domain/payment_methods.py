"""The ways of paying that shoppers are offered, and whether one will do for an amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PaymentAccount
from domain.errors import FaultCode, UserFault
from domain.payment_accounts import Unavailable, name_of, unavailable
from domain.payment_gateways import Gateways, is_payable
from domain.payment_providers import Capabilities
from domain.texts import LocalizedText


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way of paying in the storefront."""

    provider: str
    name: LocalizedText
    instructions: LocalizedText
    is_online: bool
    unavailable: Unavailable | None


async def list_methods(
    session: AsyncSession, *, gateways: Gateways, currency: str, total: Decimal | None = None
) -> Sequence[PaymentMethod]:
    """What the store offers, in its order; those too that cannot be had for this total, with the reason."""
    enabled = select(PaymentAccount).where(PaymentAccount.is_enabled)
    rows = await session.execute(enabled.order_by(PaymentAccount.position, PaymentAccount.id))
    found = [(row, gateways.capabilities(row.provider)) for row in rows.scalars()]
    return [method(row, capabilities, currency, total) for row, capabilities in found if capabilities is not None]


def method(row: PaymentAccount, capabilities: Capabilities, currency: str, total: Decimal | None) -> PaymentMethod:
    return PaymentMethod(
        provider=row.provider,
        name=name_of(row.provider, row),
        instructions=LocalizedText(en=row.instructions_en, ar=row.instructions_ar),
        is_online=capabilities.is_online,
        unavailable=unavailable_for(capabilities, currency, total),
    )


def unavailable_for(capabilities: Capabilities | None, currency: str, total: Decimal | None) -> Unavailable | None:
    """Why this much of the currency cannot be paid so; None where it can."""
    reason = unavailable(capabilities, currency)
    if reason is not None or capabilities is None or total is None:
        return reason
    return None if is_payable(capabilities, total, currency) else Unavailable.AMOUNT


def check_available(gateways: Gateways, provider: str, currency: str, total: Decimal, *field: str) -> Capabilities:
    """Raises a fault that says why this cannot be paid so."""
    capabilities = gateways.capabilities(provider)
    match unavailable_for(capabilities, currency, total):
        case Unavailable.AMOUNT:
            message = f"This way of paying cannot take {total} {currency}: choose another."
        case Unavailable.CURRENCY:
            message = f"This way of paying does not know {currency}: choose another."
        case _:
            message = "This way of paying is not offered any more: choose another."
    if capabilities is None or unavailable_for(capabilities, currency, total) is not None:
        raise UserFault(FaultCode.UNAVAILABLE_HERE, message, field)
    return capabilities
