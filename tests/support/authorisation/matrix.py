"""The authorisation matrix itself: every field of both schemas, and the audiences that get to see it.

A section is a type, its keys are fields; what a root field of an abstract type leads to has a section as well.
A field without a row is red, and so is a row without a field, or one that names an audience which never sees the field.
"""

from collections.abc import Iterator, Mapping

from tests.support.authorisation.audiences import (
    BELONGING,
    CENTER,
    EVERYONE,
    MANAGERS,
    SIGNED_IN,
    STAFF,
    Audiences,
    Refusal,
    Row,
    only,
)

PROFILE = "id slug name contactEmail contactPhone brandPrimary brandSecondary locale timeZone currency"
NODES = {"CatalogItem CatalogVariant Category": EVERYONE, "Order": only(STAFF, others=Refusal.NULL)}
CONNECTION = "edges nodes pageInfo totalCount"
EDGE = "cursor node"
USER_ERROR = "code message field"

SECTIONS: Mapping[str, Mapping[str, Audiences | Row]] = {
    "Query": {
        "store node nodes": EVERYONE,
        "viewer": SIGNED_IN,
        "tenant": STAFF,
        "platform": CENTER,
    },
    "Query.node on": NODES,
    "Query.nodes on": NODES,
    "Mutation": {
        "accountSignUp accountConfirm accountConfirmationResend": EVERYONE,
        "accountPasswordForgot accountPasswordReset": EVERYONE,
        "sessionSignIn sessionRefresh": EVERYONE,
        "sessionSignOut": SIGNED_IN,
        "tenantCreate": SIGNED_IN,
        "tenantUpdate": MANAGERS,
        "tenantSuspend tenantDisable tenantReactivate": CENTER,
        "catalogItemCreate catalogItemUpdate": STAFF,
        "catalogItemActivate catalogItemDeactivate catalogItemArchive catalogItemRestore": STAFF,
        "catalogVariantCreate catalogVariantUpdate catalogVariantArchive": STAFF,
        "categoryCreate categoryUpdate categoryDelete": STAFF,
        "orderSubmit": EVERYONE,
        "orderConfirm orderFulfil orderCancel": STAFF,
    },
    # The doors
    "Store": {f"{PROFILE} items item categories category status": EVERYONE},
    "BackOffice": {f"{PROFILE} items item categories category orders order status": STAFF},
    "Viewer": {
        "person memberships": SIGNED_IN,
        "membership": only(STAFF, others=Refusal.NULL),
    },
    "Platform": {"tenants tenant": CENTER},
    # People and tenants
    "Person": {"id email name locale": SIGNED_IN},
    "Session": {"accessToken refreshToken expiresIn": EVERYONE},
    "Membership": {"tenant role": BELONGING},
    "MembershipTenant": {"id slug name status": BELONGING},
    "Tenant": {f"{PROFILE} status createdAt": SIGNED_IN},
    "TenantConnection": {CONNECTION: CENTER},
    "TenantEdge": {EDGE: CENTER},
    # The catalogue
    "CatalogItem": {
        "id kind status slug name description version categories variants price isAvailable": EVERYONE,
        "createdAt updatedAt": EVERYONE,
    },
    "CatalogItemConnection": {CONNECTION: EVERYONE},
    "CatalogItemEdge": {EDGE: EVERYONE},
    "CatalogVariant": {
        "id sku name price compareAtPrice availability isArchived item": EVERYONE,
        "stock": only(STAFF, others=Refusal.FORBIDDEN),
    },
    "Category": {"id slug name position parent children items": EVERYONE},
    # Orders: everyone sees the order that they have just placed
    "Order": {
        "id number name status paymentStatus fulfilmentStatus customer note total placedAt updatedAt lines": EVERYONE,
        "timeline": only(STAFF, others=Refusal.FORBIDDEN),
    },
    "OrderConnection": {CONNECTION: STAFF},
    "OrderEdge": {EDGE: STAFF},
    "OrderCustomer": {"name email phone": EVERYONE},
    "OrderLine": {"id variantId name sku unitPrice quantity total variant": EVERYONE},
    "OrderTimelineEntry": {"id event at actorKind actorId from to reason": STAFF},
    # Small types
    "LocalizedText": {"en ar value": EVERYONE},
    "Money": {"amount currency": EVERYONE},
    "PageInfo": {"hasNextPage hasPreviousPage startCursor endCursor": EVERYONE},
    # What mutations answer
    "AccountPayload": {"userErrors": EVERYONE},
    "SessionPayload": {"userErrors session": EVERYONE},
    "SessionSignOutPayload": {"userErrors": SIGNED_IN},
    "TenantPayload": {"userErrors tenant": SIGNED_IN},
    "TenantStandingPayload": {"userErrors tenant": CENTER},
    "CatalogItemPayload": {"userErrors item": STAFF},
    "CatalogVariantPayload": {"userErrors variant item": STAFF},
    "CategoryPayload": {"userErrors category": STAFF},
    "CategoryDeletePayload": {"userErrors deletedId": STAFF},
    "OrderSubmitPayload": {"userErrors order": EVERYONE},
    "OrderPayload": {"userErrors order": STAFF},
    # Why a mutation did nothing
    "InvalidInput": {USER_ERROR: EVERYONE},
    "InsufficientStock": {f"{USER_ERROR} variantId available": EVERYONE},
    "IllegalTransition": {f"{USER_ERROR} current allowed": STAFF | CENTER},
}


def written() -> Iterator[tuple[str, Row]]:
    """Each row by its name, `Type.field` or `Query.field on Type`, as often as it was written."""
    for section, fields in SECTIONS.items():
        for names, row in fields.items():
            for name in names.split():
                separator = " " if section.endswith(" on") else "."
                yield f"{section}{separator}{name}", row if isinstance(row, Row) else Row(row)


MATRIX: Mapping[str, Row] = dict(written())

DOOR_ALONE = frozenset(f"BackOffice.{name}" for name in f"{PROFILE} status".split())
"""What only the door of its root field keeps: the storefront shows everyone the same of an open tenant."""

NULL_FOR_SOME: Mapping[str, str] = {
    "Tenant.brandPrimary": "those who can only open a tenant see it before it has colours",
    "Tenant.brandSecondary": "as above",
}
"""Rows that an audience may see as null alone, each with its reason; all others must have shown a value."""
