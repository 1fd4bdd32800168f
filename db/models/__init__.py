"""Every table. Importing this package registers them all in `Base.metadata`."""

from db.models.base import Base, new_id
from db.models.catalog import CatalogItem, CatalogItemCategory, CatalogItemTag, CatalogVariant, Category
from db.models.catalog_options import CatalogOption, CatalogOptionValue
from db.models.catalog_transfers import CatalogExport, CatalogImport, CatalogImportError, CatalogImportRow
from db.models.customers import Customer, CustomerAddress
from db.models.identity import (
    Credential,
    EmailCode,
    MfaChallenge,
    Operator,
    Person,
    PersonSession,
    RecoveryCode,
    RefreshToken,
    TotpFactor,
)
from db.models.metadata import CatalogItemMetadata, CatalogVariantMetadata, CategoryMetadata, MetadataEntry
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
from db.models.team import ApiKey, Invitation
from db.models.tenants import Membership, Tenant

__all__ = [
    "AccountOutboxMessage",
    "AccountSend",
    "ApiKey",
    "AuditEntry",
    "Base",
    "CatalogExport",
    "CatalogImport",
    "CatalogImportError",
    "CatalogImportRow",
    "CatalogItem",
    "CatalogItemCategory",
    "CatalogItemMetadata",
    "CatalogItemTag",
    "CatalogOption",
    "CatalogOptionValue",
    "CatalogVariant",
    "CatalogVariantMetadata",
    "Category",
    "CategoryMetadata",
    "Counter",
    "Credential",
    "Customer",
    "CustomerAddress",
    "EmailCode",
    "IdempotencyRecord",
    "Invitation",
    "Membership",
    "MetadataEntry",
    "MfaChallenge",
    "Operator",
    "Order",
    "OrderLine",
    "OutboxMessage",
    "Person",
    "PersonSession",
    "RecoveryCode",
    "RefreshToken",
    "Send",
    "StorefrontChange",
    "Tenant",
    "TimelineEntry",
    "TotpFactor",
    "new_id",
]
