"""Who is asked to join a tenant, and the keys of its own programs."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from db.models.base import Base, TenantOwned, belongs_to_tenant, within_tenant


class Invitation(TenantOwned, Base):
    """An address that is asked to join. The token in its mail is derived from `id` and `sends`, and stored hashed."""

    __tablename__ = "invitations"
    __table_args__ = (
        belongs_to_tenant(),
        ForeignKeyConstraint(["invited_by"], ["people.id"]),
        CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),
        Index(
            "uq_invitations_tenant_id_email",
            "tenant_id",
            "email",
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
        Index("ix_invitations_tenant_id_created_at", "tenant_id", "created_at", "id"),
        # Whose an invitation is, is asked before a tenant is known, by a definer function.
        Index("ix_invitations_token_hash", "token_hash", unique=True),
    )

    email: Mapped[str] = mapped_column(comment="normalised and case-folded; only its owner may accept")
    role: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(comment="SHA-256 of the token that was mailed last")
    sends: Mapped[int] = mapped_column(server_default="1", comment="how often it was mailed; each has a new token")
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())
    invited_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiKey(TenantOwned, Base):
    """A key of the tenant's own programs, stored hashed: who holds it acts for the tenant within its scopes."""

    __tablename__ = "api_keys"
    __table_args__ = (
        belongs_to_tenant(),
        ForeignKeyConstraint(["created_by"], ["people.id"]),
        within_tenant("rotated_from", "api_keys"),
        Index("ix_api_keys_tenant_id_created_at", "tenant_id", "created_at", "id"),
        # Whose a key is, is asked before a tenant is known, by a definer function.
        Index("ix_api_keys_key_hash", "key_hash", unique=True),
    )

    name: Mapped[str]
    hint: Mapped[str] = mapped_column(comment="the last four characters, by which people tell keys apart")
    key_hash: Mapped[bytes] = mapped_column(comment="SHA-256 of the whole key")
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()), comment="names of permissions")
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None] = mapped_column(comment="to the minute")
    rotated_from: Mapped[uuid.UUID | None] = mapped_column(comment="the key that this one replaces")
