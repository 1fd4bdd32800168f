"""The mock gateway's books in tables of their own, and its callbacks."""

import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from db.models import MockCharge, MockRefund, new_id
from db.session import AsyncSession, Database, Scope
from domain.mock_gateway import CALLBACK, CallbackNotTaken, Decision, HostedCharge
from domain.outbox import enqueue_job
from domain.payment_providers import NewCharge, NewRefund, ProviderRefused
from domain.ports import WorkSignal
from domain.secret_store import SecretStore
from domain.signing import Signer
from gql.ids import global_id

SIGNATURE_HEADER = "sadu-mock-signature"
SIGNING_SECRET = "signingSecret"
"""A credential that a tenant may give; without, one is derived."""
ANSWER_SECONDS = 10.0
ENDS = {Decision.PAY: "paid", Decision.FAIL: "failed"}


@dataclass(frozen=True, slots=True)
class Books:
    """A charge and what was given back of it."""

    charge: MockCharge
    refunds: list[MockRefund]

    @property
    def status(self) -> str:
        """What is open no longer than it may be; then nobody can pay it any more."""
        has_run_out = self.charge.status == "open" and self.charge.expires_at <= datetime.now(UTC)
        return "cancelled" if has_run_out else self.charge.status


@dataclass(frozen=True)
class TableMockGateway:
    """What it knows is in `mock_charges` and `mock_refunds`, and nothing in memory: any process may be asked."""

    database: Database
    signal: WorkSignal
    credentials: SecretStore = field(repr=False)
    signer: Signer = field(repr=False)
    public_url: str

    async def open(self, tenant_id: uuid.UUID, wanted: NewCharge) -> Books:
        """A charge, or the one that was opened under the key before."""
        values = {
            "tenant_id": tenant_id,
            "id": new_id(),
            "token": secrets.token_urlsafe(24),
            "idempotency_key": wanted.idempotency_key,
            "payment_id": wanted.payment_id,
            "amount": wanted.amount,
            "currency": wanted.currency,
            "order_number": wanted.order_number,
            "locale": wanted.locale,
            "return_url": wanted.return_url,
            "expires_at": wanted.expires_at,
        }
        async with self.database.write(Scope(tenant_id)) as session:
            await session.execute(insert(MockCharge).values(values).on_conflict_do_nothing())
            return await books(session, MockCharge.idempotency_key == wanted.idempotency_key)

    async def look(self, tenant_id: uuid.UUID, reference: str) -> Books:
        """Raises `ProviderRefused` for a charge that it does not know."""
        async with self.database.read(Scope(tenant_id)) as session:
            return await books(session, MockCharge.token == reference)

    async def cancel(self, tenant_id: uuid.UUID, reference: str) -> Books:
        """See to it that nobody pays it any more; what is paid stays paid."""
        unpaid = (MockCharge.token == reference, MockCharge.status.in_(("open", "failed")))
        async with self.database.write(Scope(tenant_id)) as session:
            await session.execute(update(MockCharge).where(*unpaid).values(status="cancelled"))
            return await books(session, MockCharge.token == reference)

    async def give_back(self, tenant_id: uuid.UUID, wanted: NewRefund) -> tuple[Books, MockRefund]:
        """Never more than was paid, whoever asks at the same time."""
        async with self.database.write(Scope(tenant_id)) as session:
            locked = select(MockCharge.id).where(MockCharge.token == wanted.reference).with_for_update()
            await session.execute(locked)
            found = await books(session, MockCharge.token == wanted.reference)
            made = next((each for each in found.refunds if each.idempotency_key == wanted.idempotency_key), None)
            if made is None:
                given_back = sum((each.amount for each in found.refunds), Decimal(0))
                if found.charge.status != "paid" or given_back + wanted.amount > found.charge.amount:
                    raise ProviderRefused("refund_too_large")
                made = MockRefund(tenant_id=tenant_id, id=new_id(), charge_id=found.charge.id, amount=wanted.amount)
                made.idempotency_key, made.refund_id = wanted.idempotency_key, wanted.refund_id
                session.add(made)
                found.refunds.append(made)
                enqueue_job(session, tenant_id=tenant_id, kind=CALLBACK, charge_id=found.charge.id)
        await self.signal.wake()
        return found, made

    async def find(self, tenant_id: uuid.UUID, token: str) -> HostedCharge | None:
        try:
            return hosted(await self.look(tenant_id, token))
        except ProviderRefused:
            return None

    async def decide(self, tenant_id: uuid.UUID, token: str, decision: Decision) -> HostedCharge | None:
        end = ENDS.get(decision)
        if end is None:
            return await self.find(tenant_id, token)
        payable = (MockCharge.token == token, MockCharge.status == "open", MockCharge.expires_at > func.now())
        decided = update(MockCharge).where(*payable).values(status=end).returning(MockCharge.id)
        async with self.database.write(Scope(tenant_id)) as session:
            charge_id = (await session.execute(decided)).scalar_one_or_none()
            if charge_id is not None:
                enqueue_job(session, tenant_id=tenant_id, kind=CALLBACK, charge_id=charge_id)
        if charge_id is not None:
            await self.signal.wake()
        return await self.find(tenant_id, token)

    async def call_back(self, tenant_id: uuid.UUID, charge_id: uuid.UUID) -> None:
        async with self.database.read(Scope(tenant_id)) as session:
            found = await books(session, MockCharge.id == charge_id)
        kept = await self.credentials.get(tenant_id, "payments/mock") or {}
        body = event_body(found)
        headers = {"content-type": "application/json", SIGNATURE_HEADER: signed(self.key(tenant_id, kept), body)}
        url = f"{self.public_url}/webhooks/mock/{global_id('tenant', tenant_id)}"
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
            answer = await client.post(url, content=body, headers=headers)
        if answer.status_code != 200:
            raise CallbackNotTaken

    def page(self, tenant_id: uuid.UUID, token: str) -> str:
        return f"{self.public_url}/mock-gateway/{global_id('tenant', tenant_id)}/{token}"

    def key(self, tenant_id: uuid.UUID, credentials: Mapping[str, str]) -> bytes:
        """Each tenant's own."""
        given = credentials.get(SIGNING_SECRET)
        return given.encode() if given else self.signer.sign("mock gateway callbacks", tenant_id.bytes)


async def books(session: AsyncSession, condition: Any) -> Books:
    found = await session.execute(select(MockCharge).where(condition).execution_options(populate_existing=True))
    charge = found.scalar_one_or_none()
    if charge is None:
        raise ProviderRefused("no_such_charge")
    refunds = select(MockRefund).where(MockRefund.charge_id == charge.id).order_by(MockRefund.id)
    return Books(charge, list((await session.execute(refunds)).scalars()))


def hosted(found: Books) -> HostedCharge:
    charge = found.charge
    return HostedCharge(
        order_number=charge.order_number,
        amount=charge.amount,
        currency=charge.currency,
        locale=charge.locale,
        status=found.status,
        return_url=charge.return_url,
        expires_at=charge.expires_at,
    )


def event_body(found: Books) -> bytes:
    """Told again it has the same identifier, so that the shop may know it."""
    given_back = len(found.refunds)
    event = {
        "id": f"event_{found.charge.id.hex}_{found.status}_{given_back}",
        "type": "charge.refunded" if given_back else f"charge.{found.status}",
        "charge": {"id": found.charge.token, "payment": str(found.charge.payment_id), "status": found.status},
    }
    return json.dumps(event).encode()


def signed(key: bytes, body: bytes, moment: int | None = None) -> str:
    """The moment and what was signed under it, so that nobody can send it again later."""
    seconds = int(time.time()) if moment is None else moment
    return f"t={seconds},v1={hmac.digest(key, f'{seconds}.'.encode() + body, hashlib.sha256).hex()}"
