"""Visits: how somebody came to a store first and last. Neither who they are nor where they were is kept."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, belongs_to_tenant

TOUCH_COLUMNS = ("source", "medium", "campaign", "term", "content", "referrer", "landing_page")
"""What a touch is made of. A visit has each twice: of the first touch, and of the last."""


class Visit(TenantOwned, Base):
    """One browser's way to a store, from the first sight to 30 days behind the last."""

    __tablename__ = "visits"
    __table_args__ = (
        belongs_to_tenant(),
        CheckConstraint("sightings > 0", name="sightings"),
        Index("ix_visits_tenant_id_started_at", "tenant_id", "started_at", "id"),
        Index(
            "ix_visits_tenant_id_last_source_started_at",
            "tenant_id",
            "last_source",
            "started_at",
            "id",
            postgresql_where=text("last_source IS NOT NULL"),
        ),
        Index(
            "ix_visits_tenant_id_last_campaign_started_at",
            "tenant_id",
            "last_campaign",
            "started_at",
            "id",
            postgresql_where=text("last_campaign IS NOT NULL"),
        ),
    )

    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sightings: Mapped[int] = mapped_column(server_default="1", comment="how often it was recorded")
    first_source: Mapped[str | None] = mapped_column(comment="utm_source, in lower case")
    first_medium: Mapped[str | None] = mapped_column(comment="utm_medium, in lower case")
    first_campaign: Mapped[str | None]
    first_term: Mapped[str | None]
    first_content: Mapped[str | None]
    first_referrer: Mapped[str | None] = mapped_column(comment="host of another site, never more of its address")
    first_landing_page: Mapped[str | None] = mapped_column(comment="path within the store")
    last_touch_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_source: Mapped[str | None]
    last_medium: Mapped[str | None]
    last_campaign: Mapped[str | None]
    last_term: Mapped[str | None]
    last_content: Mapped[str | None]
    last_referrer: Mapped[str | None]
    last_landing_page: Mapped[str | None]
