"""What shoppers choose of an item: up to three options, such as size and colour, with their values."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from db.models.base import Base, TenantOwned, belongs_to_tenant, within_tenant


def value_of_item(column: str) -> ForeignKeyConstraint:
    """A reference to a value of an option of the same item."""
    target = "catalog_option_values"
    return ForeignKeyConstraint(
        ["tenant_id", "item_id", column], [f"{target}.tenant_id", f"{target}.item_id", f"{target}.id"]
    )


class CatalogOption(TenantOwned, Base):
    """One thing to choose. `slot` says which column of the variants holds the choice, and never changes."""

    __tablename__ = "catalog_options"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("item_id", "catalog_items", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "item_id", "slot"),
        UniqueConstraint("tenant_id", "item_id", "id"),
        CheckConstraint("slot BETWEEN 1 AND 3", name="slot"),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
    )

    item_id: Mapped[uuid.UUID]
    slot: Mapped[int]
    position: Mapped[int]
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]


class CatalogOptionValue(TenantOwned, Base):
    """One of the things that an option can be."""

    __tablename__ = "catalog_option_values"
    __table_args__ = (
        belongs_to_tenant(),
        ForeignKeyConstraint(
            ["tenant_id", "item_id", "option_id"],
            ["catalog_options.tenant_id", "catalog_options.item_id", "catalog_options.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "item_id", "id"),
        CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name="named"),
    )

    item_id: Mapped[uuid.UUID]
    option_id: Mapped[uuid.UUID]
    position: Mapped[int]
    name_en: Mapped[str | None]
    name_ar: Mapped[str | None]
