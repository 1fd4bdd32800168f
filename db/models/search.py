"""What is searched: written by triggers and read by definer functions alone, never by the application's statements."""

import uuid
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Index, PrimaryKeyConstraint, Text, func
from sqlalchemy.dialects.postgresql import TSVECTOR, UUID
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, belongs_to_tenant, within_tenant
from db.models.storefront import Xid8

STATUS = "ix_search_documents_tenant_id_status"


class SearchDocument(Base):
    """An item as it is found: its words, and what lists are narrowed and sorted by."""

    __tablename__ = "search_documents"
    __table_args__ = (
        belongs_to_tenant(),
        within_tenant("item_id", "catalog_items", ondelete="CASCADE"),
        Index(f"{STATUS}_created_at", "tenant_id", "status", "created_at", "item_id"),
        Index(f"{STATUS}_price", "tenant_id", "status", "price", "item_id"),
        Index(f"{STATUS}_name_ar", "tenant_id", "status", "name_ar", "item_id"),
        Index(f"{STATUS}_name_en", "tenant_id", "status", "name_en", "item_id"),
        Index("ix_search_documents_tenant_id_words", "tenant_id", "words", postgresql_using="gin"),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    status: Mapped[str]
    kind: Mapped[str]
    price: Mapped[int] = mapped_column(BigInteger, comment="the lowest of its variants, in thousandths")
    availability: Mapped[int] = mapped_column(comment="2 in stock, 1 few left, 0 sold out")
    created_at: Mapped[datetime]
    name_ar: Mapped[str] = mapped_column(
        Text(collation="C"), comment="the Arabic name in plain letters, else the other"
    )
    name_en: Mapped[str] = mapped_column(
        Text(collation="C"), comment="the English name in plain letters, else the other"
    )
    categories: Mapped[list[uuid.UUID]] = mapped_column(
        ARRAY(UUID(as_uuid=True)), comment="those it stands in, not those above"
    )
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="keys of its tags")
    named: Mapped[str] = mapped_column(TSVECTOR, comment="words of names and codes, for ranking")
    words: Mapped[str] = mapped_column(TSVECTOR, comment="every word, and markers of categories and tags")


class SearchStaleItem(Base):
    """An item that a transaction has changed and not yet written the document of: gone when it commits."""

    __tablename__ = "search_stale_items"
    __table_args__ = (belongs_to_tenant(), PrimaryKeyConstraint("tenant_id", "transaction", "item_id"))

    tenant_id: Mapped[uuid.UUID]
    transaction: Mapped[int] = mapped_column(Xid8, server_default=func.pg_current_xact_id())
    item_id: Mapped[uuid.UUID]


class SearchWord(Base):
    """A word of a tenant's names: what a word with a typing error may have been meant for. Kept when it is gone."""

    __tablename__ = "search_vocabulary"
    __table_args__ = (
        belongs_to_tenant(),
        Index(
            "ix_search_vocabulary_tenant_id_sound",
            "tenant_id",
            "sound",
            postgresql_using="gin",
            postgresql_ops={"sound": "gin_trgm_ops"},
        ),
    )

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    sound: Mapped[str] = mapped_column(
        comment="the word in Latin letters, one for those that are mistaken for each other"
    )
