"""Shipping: where a tenant's zones lie, and what it costs to have things brought or to come for them."""

import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, belongs_to_tenant, within_tenant


class ShippingZone(TenantOwned, Timestamped, Base):
    """Places with the same rates, as staff wrote them down; what they are found by is in `shipping_zone_places`."""

    __tablename__ = "shipping_zones"
    __table_args__ = (
        belongs_to_tenant(),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
        Index("ix_shipping_zones_tenant_id_position", "tenant_id", "position", "id"),
    )

    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    position: Mapped[int]
    countries: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    governorates: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    areas: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB(), server_default=text("'[]'"), comment="governorate, en and ar of each"
    )
    is_everywhere_else: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default="1", comment="raised by each edit; a stale edit is refused")


class ShippingZonePlace(Base):
    """A place by the key that destinations are compared with: it is in one zone at most."""

    __tablename__ = "shipping_zone_places"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("zone_id", "shipping_zones", ondelete="CASCADE"),
        Index("ix_shipping_zone_places_tenant_id_zone_id", "tenant_id", "zone_id"),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True, comment="as `domain.shipping_places` writes it")
    zone_id: Mapped[uuid.UUID]


class ShippingRate(TenantOwned, Base):
    """One way to get things to where a zone is, or to come for them."""

    __tablename__ = "shipping_rates"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("zone_id", "shipping_zones", ondelete="CASCADE"),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("free_above >= 0", name="free_above"),
        CheckConstraint(
            "0 <= estimate_min_days AND estimate_min_days <= estimate_max_days "
            "OR num_nonnulls(estimate_min_days, estimate_max_days) = 0",
            name="estimate",
        ),
        Index("ix_shipping_rates_tenant_id_zone_id_position", "tenant_id", "zone_id", "position"),
    )

    zone_id: Mapped[uuid.UUID]
    position: Mapped[int]
    provider: Mapped[str] = mapped_column(comment="as `domain.shipping_providers` names it")
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
    price: Mapped[Decimal]
    free_above: Mapped[Decimal | None]
    estimate_min_days: Mapped[int | None]
    estimate_max_days: Mapped[int | None]
    instructions_en: Mapped[str | None]
    instructions_ar: Mapped[str | None]
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
