"""People and how they prove who they are. All of it is the person's own, never a tenant's."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PersonOwned, Timestamped, belongs_to_person, new_id


class Person(Timestamped, Base):
    """One human being with one account, whatever tenants they own, work for or buy from."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint("locale IN ('ar', 'en')", name="locale"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    subject: Mapped[str] = mapped_column(unique=True, comment="the `sub` claim of the identity provider")
    email: Mapped[str] = mapped_column(unique=True, comment="normalised and case-folded")
    name: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default="ar")
    confirmed_at: Mapped[datetime | None]
    mfa_since: Mapped[datetime | None] = mapped_column(comment="a second factor has been asked for since then")


class Credential(Base):
    """A password hash. The application's login has no grant here; definer functions read and write it."""

    __tablename__ = "credentials"
    __table_args__ = (belongs_to_person(),)

    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    password_hash: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PersonSession(PersonOwned, Base):
    """One sign-in: the family that its refresh tokens belong to. Revoking it ends its access tokens at once."""

    __tablename__ = "sessions"
    __table_args__ = (belongs_to_person(),)

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_because: Mapped[str | None]
    mfa_at: Mapped[datetime | None] = mapped_column(comment="when a second factor was given in this session")


class RefreshToken(PersonOwned, Base):
    """A single-use token, stored hashed. Using one twice revokes its session."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["person_id", "session_id"], ["sessions.person_id", "sessions.id"]),
        Index("ix_refresh_tokens_person_id_session_id", "person_id", "session_id"),
    )

    session_id: Mapped[uuid.UUID]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]


class EmailCode(PersonOwned, Base):
    """A mailed code that proves an address. The code itself is derived from `id` under the secret key, never stored."""

    __tablename__ = "email_codes"
    __table_args__ = (
        belongs_to_person(),
        CheckConstraint("purpose IN ('confirm', 'reset')", name="purpose"),
        Index("ix_email_codes_person_id_purpose", "person_id", "purpose", "created_at"),
    )

    purpose: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]


class TotpFactor(Base):
    """A person's authenticator app, where we keep its secret. It counts once `Person.mfa_since` is set."""

    __tablename__ = "totp_factors"
    __table_args__ = (belongs_to_person(),)

    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column(comment="encrypted under a key derived from the secret key")
    last_step: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="time step of the code used last: none is good twice"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RecoveryCode(PersonOwned, Base):
    """A single-use code, stored hashed, that stands in for a lost authenticator app."""

    __tablename__ = "recovery_codes"
    __table_args__ = (belongs_to_person(), UniqueConstraint("person_id", "code_hash"))

    code_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]


class MfaChallenge(PersonOwned, Base):
    """A sign-in whose password was right and whose second factor is still to come."""

    __tablename__ = "mfa_challenges"
    __table_args__ = (belongs_to_person(),)

    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]


class Operator(Base):
    """Who runs the platform. Written by the command line alone."""

    __tablename__ = "operators"
    __table_args__ = (belongs_to_person(),)

    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
