"""Whether a session wrote what shoppers see, so that its own process can forget old answers right after the commit.

Only the haste is decided here. That no process shows an old answer for longer than it may is the triggers' work, which
see every write, whoever makes it; a sale, which may change a variant from one bucket of stock to the next, is left to
them.
"""

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from db.models import (
    CatalogItem,
    CatalogItemCategory,
    CatalogItemImage,
    CatalogItemTag,
    CatalogOption,
    CatalogOptionValue,
    CatalogVariant,
    Category,
    MediaAsset,
    MetadataEntry,
    StoreProfile,
    Tenant,
)
from db.session import ScopedSession

SHOWN = (
    Tenant,
    StoreProfile,
    MediaAsset,
    Category,
    CatalogItem,
    CatalogVariant,
    CatalogItemCategory,
    CatalogItemTag,
    CatalogItemImage,
    CatalogOption,
    CatalogOptionValue,
    MetadataEntry,
)
SALE = {"storefront": "sale"}
"""Execution options of a statement that only takes or gives back stock."""


@event.listens_for(ScopedSession, "after_flush")
def note_flush(session: Session, _flush: UOWTransaction) -> None:
    if any(isinstance(each, SHOWN) for changed in (session.new, session.dirty, session.deleted) for each in changed):
        session.info["storefront_written"] = True


@event.listens_for(ScopedSession, "do_orm_execute")
def note_statement(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and state.execution_options.get("storefront") != "sale":
        mapper = state.bind_mapper
        if mapper is not None and issubclass(mapper.class_, SHOWN):
            state.session.info["storefront_written"] = True


def has_written_storefront(session: AsyncSession) -> bool:
    """After its commit, what guests were answered before is old."""
    return bool(session.info.get("storefront_written"))
