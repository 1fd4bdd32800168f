"""What every table shares: naming, identifiers, ownership by a tenant or a person."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import uuid_utils.compat
from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, MetaData, Numeric, Text, func
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

type_map: Mapping[Any, Any] = {
    str: Text(),
    uuid.UUID: UUID(as_uuid=True),
    datetime: DateTime(timezone=True),
    Decimal: Numeric(12, 3),
    dict[str, Any]: JSONB(),
}


def new_id() -> uuid.UUID:
    """A UUIDv7: unique without asking the database, and in the order of creation."""
    return uuid_utils.compat.uuid7()


class Base(DeclarativeBase):
    """Root of the declarative mapping; its metadata is what migrations are checked against."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[Mapping[Any, Any]] = type_map


class TenantOwned:
    """A row of one tenant: the primary key starts with the tenant, and row-level security compares it.

    The composite key lets other tables refer to `(tenant_id, id)`: foreign-key checks bypass row-level
    security, so a reference into another tenant must be impossible to write down.
    """

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, sort_order=-20)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-19)


class PersonOwned:
    """A row of one person, under row-level security on `app.current_person`."""

    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, sort_order=-20)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-19)


class Timestamped:
    """Creation and last change, by the database's clock."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now(), sort_order=91)


def belongs_to_tenant() -> ForeignKeyConstraint:
    """`tenant_id` refers to an existing tenant."""
    return ForeignKeyConstraint(["tenant_id"], ["tenants.id"])


def belongs_to_person() -> ForeignKeyConstraint:
    """`person_id` refers to an existing person."""
    return ForeignKeyConstraint(["person_id"], ["people.id"])


def within_tenant(column: str, target: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A reference to a row of the same tenant: `(tenant_id, column)` to `(tenant_id, id)` of `target`."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], ondelete=ondelete)


Minor = BigInteger
"""Money in thousandths: `<` on numeric is not leakproof, so under row-level security only a bigint reaches an index."""
