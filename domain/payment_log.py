"""The transaction log of payments: what was asked, and what came back. Written once, and never changed."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Payment, PaymentTransaction
from domain.payment_providers import Exchange

MOST_CHARACTERS = 20_000
"""Of a request or an answer; of a longer one only that it was longer is kept."""


def note(session: AsyncSession, payment: Payment, exchanges: Iterable[Exchange], *, outcome: str) -> None:
    """Add them in the caller's transaction. Providers have taken secrets out."""
    for exchange in exchanges:
        session.add(
            PaymentTransaction(
                tenant_id=payment.tenant_id,
                payment_id=payment.id,
                operation=exchange.operation,
                outcome=outcome,
                request=kept(exchange.request),
                response=None if exchange.response is None else kept(exchange.response),
                http_status=exchange.http_status,
                milliseconds=exchange.milliseconds,
            )
        )


def kept(said: Mapping[str, Any]) -> dict[str, Any]:
    """As jsonb can hold it: it has no NUL, and no half of a surrogate pair."""
    written = json.dumps(said, default=str)
    if len(written) > MOST_CHARACTERS:
        return {"omitted": f"{len(written)} characters"}
    plain: dict[str, Any] = cleaned(json.loads(written))
    return plain


def cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        return [cleaned(each) for each in value]  # pyright: ignore[reportUnknownVariableType] - JSON has any values
    if isinstance(value, dict):
        return {plain_text(str(name)): cleaned(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value


def plain_text(value: str) -> str:
    """What Postgres can hold of a text."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()
