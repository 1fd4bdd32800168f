"""Every table. Importing this package registers them all in `Base.metadata`."""

from db.models.base import Base, new_id
from db.models.catalog import CatalogItem, CatalogItemCategory, CatalogVariant, Category
from db.models.identity import Credential, EmailCode, Operator, Person, PersonSession, RefreshToken
from db.models.orders import Order, OrderLine
from db.models.records import (
    AccountOutboxMessage,
    AccountSend,
    AuditEntry,
    Counter,
    IdempotencyRecord,
    OutboxMessage,
    Send,
    TimelineEntry,
)
from db.models.storefront import StorefrontChange
from db.models.tenants import Membership, Tenant

__all__ = [
    "AccountOutboxMessage",
    "AccountSend",
    "AuditEntry",
    "Base",
    "CatalogItem",
    "CatalogItemCategory",
    "CatalogVariant",
    "Category",
    "Counter",
    "Credential",
    "EmailCode",
    "IdempotencyRecord",
    "Membership",
    "Operator",
    "Order",
    "OrderLine",
    "OutboxMessage",
    "Person",
    "PersonSession",
    "RefreshToken",
    "Send",
    "StorefrontChange",
    "Tenant",
    "TimelineEntry",
    "new_id",
]
