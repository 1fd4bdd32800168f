"""That something shoppers see has changed, by which every process knows what it must no longer show."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import PrimaryKeyConstraint, func, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from db.models.base import Base


class Xid8(UserDefinedType[int]):
    """The number of a transaction, which never repeats in the life of a database."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "xid8"


# So that Alembic recognizes the column when it compares models and database.
ischema_names["xid8"] = Xid8  # pyright: ignore[reportArgumentType] - typed by what is in it already


class StorefrontChange(Base):
    """One transaction changed what a tenant's shoppers see. Written by triggers alone, kept for about an hour.

    No foreign key: it would lock the tenant's row, and the deletion of a tenant is a change as well.
    """

    __tablename__ = "storefront_changes"
    __table_args__ = (PrimaryKeyConstraint("transaction", "tenant_id"),)

    tenant_id: Mapped[uuid.UUID]
    transaction: Mapped[int] = mapped_column(Xid8, server_default=func.pg_current_xact_id())
    oldest_running: Mapped[int] = mapped_column(
        Xid8,
        server_default=text("pg_snapshot_xmin(pg_current_snapshot())"),
        comment="every transaction below had ended when this was written",
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
