"""Tenants whose items are searched in an index outside, and what of them is still to be told to it."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, belongs_to_tenant


class SearchIndex(Base):
    """A tenant whose items are indexed outside: from this row on triggers note each change of what is searched."""

    __tablename__ = "search_indexes"
    __table_args__ = (belongs_to_tenant(),)

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(comment="the index that answers; until there is one, Postgres does")
    building: Mapped[str | None] = mapped_column(comment="the index that is being filled to take its place")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SearchChange(Base):
    """The version of an indexed item, one higher with each change, also when it is gone: so that what was read before
    never replaces what was read after. Written by triggers and definer functions alone.
    """

    __tablename__ = "search_changes"
    __table_args__ = (
        belongs_to_tenant(),
        Index(
            "ix_search_changes_tenant_id_pending",
            "tenant_id",
            "item_id",
            postgresql_where=text("version > indexed_version"),
        ),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    indexed_version: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="the last one that the index has surely got"
    )
