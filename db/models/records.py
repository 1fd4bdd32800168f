"""Shared pieces that every context writes: counters, idempotency, outbox, send ledger, timeline, audit."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PersonOwned, TenantOwned, belongs_to_person, belongs_to_tenant, within_tenant


class Counter(Base):
    """The last number given out in one of a tenant's sequences, such as its order numbers."""

    __tablename__ = "counters"
    __table_args__ = (belongs_to_tenant(),)

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class IdempotencyRecord(Base):
    """What an idempotency key has already led to. Only success is recorded, in the same transaction."""

    __tablename__ = "idempotency_records"
    __table_args__ = (belongs_to_tenant(),)

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    actor_key: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(comment="SHA-256 of the canonical input")
    entity_id: Mapped[uuid.UUID | None] = mapped_column(comment="what was made; set before the transaction ends")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OutboxColumns:
    """Work that must not be lost: written in the caller's transaction, done by the worker."""

    kind: Mapped[str] = mapped_column(comment="names the handler")
    payload: Mapped[dict[str, Any]] = mapped_column(comment="identifiers only, no personal data")
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="leased until then while claimed")
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done_at: Mapped[datetime | None]


OUTBOX_STATUS = "status IN ('pending', 'done', 'dead')"
SEND_STATUS = "status IN ('claimed', 'sent', 'unknown', 'refused')"


class OutboxMessage(OutboxColumns, TenantOwned, Base):
    """A tenant's outgoing work, in two lanes: mails, and jobs that take longer and must not stand in their way."""

    __tablename__ = "outbox"
    __table_args__ = (
        belongs_to_tenant(),
        CheckConstraint(OUTBOX_STATUS, name="status"),
        CheckConstraint("lane IN ('mail', 'job')", name="lane"),
        Index("ix_outbox_tenant_id_status_due_at", "tenant_id", "status", "due_at"),
        # The claim function looks across tenants for what is due.
        Index("ix_outbox_due_at", "due_at", postgresql_where=text("status = 'pending'")),
        Index("ix_outbox_jobs_due_at", "due_at", postgresql_where=text("status = 'pending' AND lane = 'job'")),
    )

    lane: Mapped[str] = mapped_column(server_default="mail")


class AccountOutboxMessage(OutboxColumns, PersonOwned, Base):
    """A person's outgoing work: mails about the account, which belong to no tenant."""

    __tablename__ = "account_outbox"
    __table_args__ = (
        belongs_to_person(),
        CheckConstraint(OUTBOX_STATUS, name="status"),
        Index("ix_account_outbox_due_at", "due_at", postgresql_where=text("status = 'pending'")),
    )


class SendColumns:
    """The ledger of one message handed to the outside: claimed before it is sent, recorded after.

    Claimed but unrecorded means that nobody knows: the process died in between.
    """

    message_id: Mapped[uuid.UUID] = mapped_column(comment="the outbox message")
    channel: Mapped[str]
    reference: Mapped[str] = mapped_column(comment="what the other side may deduplicate by: the mail's Message-ID")
    status: Mapped[str] = mapped_column(server_default="claimed")
    attempts: Mapped[int] = mapped_column(server_default="1")
    claimed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]


class Send(SendColumns, TenantOwned, Base):
    """A tenant's send ledger."""

    __tablename__ = "sends"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("message_id", "outbox"),
        UniqueConstraint("tenant_id", "message_id"),
        CheckConstraint(SEND_STATUS, name="status"),
    )


class AccountSend(SendColumns, PersonOwned, Base):
    """A person's send ledger."""

    __tablename__ = "account_sends"
    __table_args__ = (
        belongs_to_person(),
        ForeignKeyConstraint(["person_id", "message_id"], ["account_outbox.person_id", "account_outbox.id"]),
        UniqueConstraint("person_id", "message_id"),
        CheckConstraint(SEND_STATUS, name="status"),
    )


class TimelineEntry(TenantOwned, Base):
    """Who changed what about a subject, such as an order, and when."""

    __tablename__ = "timeline_entries"
    __table_args__ = (
        belongs_to_tenant(),
        Index("ix_timeline_entries_tenant_id_subject_id", "tenant_id", "subject_id", "id"),
    )

    subject_kind: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    event: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditEntry(TenantOwned, Base):
    """A privileged act on a tenant: its profile, its team, its standing with the platform."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        belongs_to_tenant(),
        Index("ix_audit_entries_tenant_id_created_at", "tenant_id", "created_at", "id"),
        Index("ix_audit_entries_tenant_id_act", "tenant_id", "act", "created_at", "id"),
        # Names are told of those alone who stand in the log.
        Index("ix_audit_entries_tenant_id_actor_id", "tenant_id", "actor_id"),
    )

    act: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    request_id: Mapped[str | None]
    address: Mapped[str | None] = mapped_column(comment="where the request came from")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
