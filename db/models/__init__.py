"""Every table. Importing this package registers them all in `Base.metadata`."""

from db.models.base import Base, new_id
from db.models.carts import Cart, CartLine, CartMerge
from db.models.catalog import CatalogItem, CatalogItemCategory, CatalogItemTag, CatalogVariant, Category
from db.models.catalog_options import CatalogOption, CatalogOptionValue
from db.models.catalog_transfers import CatalogExport, CatalogImport, CatalogImportError, CatalogImportRow
from db.models.customers import Customer, CustomerAddress
from db.models.discounts import Discount, DiscountUse
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
from db.models.media import CatalogItemImage, MediaAsset
from db.models.metadata import CatalogItemMetadata, CatalogVariantMetadata, CategoryMetadata, MetadataEntry
from db.models.mock_gateway import MockCharge, MockRefund
from db.models.orders import Order, OrderLine
from db.models.payments import Payment, PaymentAccount, PaymentEvent, PaymentTransaction
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
from db.models.refunds import Refund, RefundLine
from db.models.search import SearchDocument, SearchStaleItem, SearchWord
from db.models.search_indexes import SearchChange, SearchIndex
from db.models.shipping import ShippingRate, ShippingZone, ShippingZonePlace
from db.models.storefront import StorefrontChange
from db.models.team import ApiKey, Invitation
from db.models.tenants import FormerSlug, Membership, StoreProfile, Tenant
from db.models.visits import Visit

__all__ = [
    "AccountOutboxMessage",
    "AccountSend",
    "ApiKey",
    "AuditEntry",
    "Base",
    "Cart",
    "CartLine",
    "CartMerge",
    "CatalogExport",
    "CatalogImport",
    "CatalogImportError",
    "CatalogImportRow",
    "CatalogItem",
    "CatalogItemCategory",
    "CatalogItemImage",
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
    "Discount",
    "DiscountUse",
    "EmailCode",
    "FormerSlug",
    "IdempotencyRecord",
    "Invitation",
    "MediaAsset",
    "Membership",
    "MetadataEntry",
    "MfaChallenge",
    "MockCharge",
    "MockRefund",
    "Operator",
    "Order",
    "OrderLine",
    "OutboxMessage",
    "Payment",
    "PaymentAccount",
    "PaymentEvent",
    "PaymentTransaction",
    "Person",
    "PersonSession",
    "RecoveryCode",
    "RefreshToken",
    "Refund",
    "RefundLine",
    "SearchChange",
    "SearchDocument",
    "SearchIndex",
    "SearchStaleItem",
    "SearchWord",
    "Send",
    "ShippingRate",
    "ShippingZone",
    "ShippingZonePlace",
    "StoreProfile",
    "StorefrontChange",
    "Tenant",
    "TimelineEntry",
    "TotpFactor",
    "Visit",
    "new_id",
]
