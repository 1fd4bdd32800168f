"""The authorisation matrix itself: every field of both schemas, and the audiences that get to see it.

A section is a type, its keys are fields; what a root field of an abstract type leads to has a section as well.
A field without a row is red, and so is a row without a field, or one that names an audience which never sees the field.
"""

from collections.abc import Iterator, Mapping

from tests.support.authorisation.audiences import (
    CENTER,
    CUSTOMERS,
    DESK,
    EVERYONE,
    INSIDE,
    MANAGERS,
    OWNERS,
    SIGNED_IN,
    STAFF,
    Audiences,
    Refusal,
    Row,
    only,
)

PROFILE = "id slug name contactEmail contactPhone brandPrimary brandSecondary logo locale timeZone currency"
NODES = {
    "CatalogItem CatalogVariant Category": EVERYONE,
    "Media": only(DESK, others=Refusal.NULL),
    "Order": only(DESK | CUSTOMERS, others=Refusal.NULL),
    "Customer KuwaitAddress GeneralAddress": only(CUSTOMERS, others=Refusal.NULL),
}
CONNECTION = "edges nodes pageInfo totalCount"
EDGE = "cursor node"
ADDRESS = "id label recipient phone country notes isDefault"
USER_ERROR = "code message field"

SECTIONS: Mapping[str, Mapping[str, Audiences | Row]] = {
    "Query": {
        "store node nodes invitation": EVERYONE,
        "viewer": SIGNED_IN,
        "tenant": INSIDE,
        "platform": CENTER,
    },
    "Query.node on": NODES,
    "Query.nodes on": NODES,
    "Mutation": {
        "accountSignUp accountConfirm accountConfirmationResend": EVERYONE,
        "accountPasswordForgot accountPasswordReset": EVERYONE,
        "sessionSignIn sessionVerify sessionRecover sessionRefresh": EVERYONE,
        "sessionSignOut sessionSignOutEverywhere accountPasswordChange accountUpdate": SIGNED_IN,
        "mfaBegin mfaConfirm mfaRecoveryCodesRenew mfaDisable": SIGNED_IN,
        "tenantCreate": SIGNED_IN,
        "tenantUpdate tenantSlugRelease": MANAGERS,
        "membershipUpdate membershipRemove": MANAGERS,
        "membershipLeave": STAFF,
        "ownershipTransfer": OWNERS,
        "invitationCreate invitationResend invitationRevoke": MANAGERS,
        "invitationAccept": SIGNED_IN,
        "apiKeyCreate apiKeyRotate apiKeyRevoke": MANAGERS,
        "tenantSuspend tenantDisable tenantReactivate": CENTER,
        "catalogItemCreate catalogItemUpdate": DESK,
        "catalogItemActivate catalogItemDeactivate catalogItemArchive catalogItemRestore": DESK,
        "catalogVariantCreate catalogVariantUpdate catalogVariantArchive": DESK,
        "catalogItemOptionsSet catalogItemDelete catalogItemDuplicate": DESK,
        "catalogItemBulkCreate catalogItemBulkUpdate catalogVariantBulkUpdate": DESK,
        "categoryCreate categoryUpdate categoryDelete categoryReorder": DESK,
        "metadataSet metadataDelete": DESK,
        "mediaCreate mediaComplete mediaUpdate mediaDelete": DESK,
        "catalogImportCreate catalogImportStart catalogImportCancel catalogExportCreate": DESK,
        "discountCreate discountUpdate discountDelete": DESK,
        "shippingZoneSave shippingZoneDelete": MANAGERS,
        "orderSubmit checkoutComplete": EVERYONE,
        "paymentStart": EVERYONE,
        "paymentMarkPaid refundCreate": DESK,
        "paymentAccountSave paymentAccountEnable paymentAccountDisable": MANAGERS,
        "paymentAccountReorder paymentAccountDelete": MANAGERS,
        "cartLinesAdd cartLinesUpdate cartLinesRemove cartUpdate cartDelete": EVERYONE,
        "cartMerge": CUSTOMERS,
        "visitRecord": EVERYONE,
        "orderClaim": CUSTOMERS,
        "customerRegister": SIGNED_IN,
        "customerUpdate customerAddressCreate customerAddressReplace": CUSTOMERS,
        "customerAddressSetDefault customerAddressDelete": CUSTOMERS,
        "orderConfirm orderFulfil orderCancel": DESK,
    },
    # The doors
    "Store": {
        f"{PROFILE} profile items item categories category search tags discount order status paymentMethods": EVERYONE,
        "shippingQuotes cart": EVERYONE,
    },
    "BackOffice": {
        f"{PROFILE} profile status version": INSIDE,
        "formerSlugs": only(MANAGERS, others=Refusal.FORBIDDEN),
        "items item variant categories category search tags media orders order visits": only(
            DESK, others=Refusal.FORBIDDEN
        ),
        "discounts discount": only(DESK, others=Refusal.FORBIDDEN),
        "shippingZones shippingProviders": only(DESK, others=Refusal.FORBIDDEN),
        "catalogImports catalogImport catalogExports catalogExport": only(DESK, others=Refusal.FORBIDDEN),
        "members invitations": only(STAFF, others=Refusal.FORBIDDEN),
        "paymentAccounts": only(MANAGERS, others=Refusal.FORBIDDEN),
        "reconciliation": only(DESK, others=Refusal.FORBIDDEN),
        "apiKeys": only(MANAGERS, others=Refusal.FORBIDDEN),
        "auditEntries": only(OWNERS, others=Refusal.FORBIDDEN),
    },
    "Viewer": {
        "person memberships mfa": SIGNED_IN,
        "membership": only(STAFF, others=Refusal.NULL),
        "customer": only(CUSTOMERS, others=Refusal.NULL),
    },
    "Platform": {"tenants tenant": CENTER},
    # People and tenants
    "Person": {"id email name locale": SIGNED_IN},
    "Session": {"accessToken refreshToken expiresIn": EVERYONE},
    "SessionChallenge": {"token expiresIn": EVERYONE},
    "ViewerMfa": {"isEnabled enabledAt isGivenInSession isRequired recoveryCodesLeft": SIGNED_IN},
    "MfaEnrolment": {"secret uri qrCode": SIGNED_IN},
    "Membership": {"tenant role permissions": SIGNED_IN},
    "MembershipTenant": {"id slug name status": SIGNED_IN},
    "Member": {"id person role joinedAt hasMfa isViewer": STAFF},
    "Colleague": {"id name email": STAFF},
    "Invitation": {"id email role status createdAt sentAt expiresAt invitedBy": STAFF},
    "InvitationConnection": {CONNECTION: STAFF},
    "InvitationEdge": {EDGE: STAFF},
    "InvitationPreview": {"tenantName tenantSlug role maskedEmail expiresAt": EVERYONE},
    "AuditEntry": {"id act actName actorKind actor details address requestId at": OWNERS},
    "AuditEntryConnection": {CONNECTION: OWNERS},
    "AuditEntryEdge": {EDGE: OWNERS},
    "AuditActor": {"id name email": OWNERS},
    "AuditDetail": {"name value": OWNERS},
    "ApiKey": {
        "id name hint scopes status createdAt createdBy expiresAt revokedAt lastUsedAt rotatedFrom": MANAGERS,
    },
    "ApiKeyConnection": {CONNECTION: MANAGERS},
    "ApiKeyEdge": {EDGE: MANAGERS},
    "Tenant": {f"{PROFILE} status version createdAt": SIGNED_IN},
    "TenantConnection": {CONNECTION: CENTER},
    "TenantEdge": {EDGE: CENTER},
    "StoreProfile": {
        "about contactAddress openingHours paymentInstructions returnsPolicy privacyPolicy shippingPolicy": EVERYONE,
        "terms whatsappNumber commercialRegistration taxNumber charityPermit socialLinks": EVERYONE,
    },
    "SocialLink": {"platform url": EVERYONE},
    "FormerSlug": {"slug leftAt leadsUntil": MANAGERS},
    # Customers: everyone sees the customer that they have just become
    "Customer": {"id name email phone locale createdAt addresses orders cart": SIGNED_IN},
    "KuwaitAddress": {f"{ADDRESS} governorate area block street avenue building floor flat": CUSTOMERS},
    "GeneralAddress": {f"{ADDRESS} line1 line2 city region postalCode": CUSTOMERS},
    # Shipping
    "ShippingQuote": {
        "rateId kind provider name price freeAbove estimateMinDays estimateMaxDays instructions": EVERYONE
    },
    "ShippingProvider": {"name kind isAvailable": DESK},
    "ShippingZone": {
        "id name position countries governorates areas isEverywhereElse version rates": DESK,
    },
    "ShippingArea": {"governorate name": DESK},
    "ShippingRate": {
        "id provider kind name price freeAbove estimateMinDays estimateMaxDays instructions isEnabled": DESK,
    },
    # The catalogue
    "CatalogItem": {
        "id kind status slug name description version categories tags variants options price isAvailable": EVERYONE,
        "createdAt updatedAt metadata metadataValue": EVERYONE,
        "privateMetadata externalReference": only(DESK, others=Refusal.NULL),
        "images image": EVERYONE,
    },
    "CatalogOption": {"id name values": EVERYONE},
    "CatalogOptionValue": {"id name": EVERYONE},
    "CatalogSelectedOption": {"option value": EVERYONE},
    "CatalogItemConnection": {CONNECTION: EVERYONE},
    "CatalogItemEdge": {EDGE: EVERYONE},
    "CatalogSearchConnection": {f"{CONNECTION} facets isFuzzy correctedQuery": EVERYONE},
    "SearchFacets": {"categories tags kinds availabilities prices": EVERYONE},
    "CategoryFacet": {"category count": EVERYONE},
    "TagFacet": {"tag count": EVERYONE},
    "KindFacet": {"kind count": EVERYONE},
    "AvailabilityFacet": {"availability count": EVERYONE},
    "PriceFacet": {"gte lte count": EVERYONE},
    "CatalogVariant": {
        "metadata metadataValue": EVERYONE,
        "id sku name price compareAtPrice availability weight barcode selectedOptions isArchived item image": EVERYONE,
        "stock": only(DESK, others=Refusal.FORBIDDEN),
        "privateMetadata externalReference": only(DESK, others=Refusal.NULL),
    },
    "CatalogTag": {"name itemCount": EVERYONE},
    "Category": {
        "id slug name description position parent ancestors children items itemCount image": EVERYONE,
        "metadata metadataValue": EVERYONE,
        "privateMetadata externalReference": only(DESK, others=Refusal.NULL),
    },
    "MetadataEntry": {"key value": EVERYONE},
    "Image": {"id alt width height url": EVERYONE},
    "Media": {"id status failure contentType size alt image createdAt": DESK},
    "MediaConnection": {CONNECTION: DESK},
    "MediaEdge": {EDGE: DESK},
    "UploadTarget": {"url headers expiresAt": DESK},
    "HttpHeader": {"name value": DESK},
    "CatalogImport": {
        "id fileName status isDryRun isAllOrNothing progress counts encoding unknownColumns refusal errors": DESK,
        "reportUrl createdAt startedAt endedAt": DESK,
    },
    "CatalogImportConnection": {CONNECTION: DESK},
    "CatalogImportEdge": {EDGE: DESK},
    "CatalogImportCounts": {"rows created updated unchanged failed errors": DESK},
    "CatalogImportRefusal": {"code message line row": DESK},
    "CatalogImportError": {"line row column code message value": DESK},
    "CatalogImportErrorConnection": {CONNECTION: DESK},
    "CatalogImportErrorEdge": {EDGE: DESK},
    "CatalogExport": {"id status itemStatus kind category rows size downloadUrl createdAt endedAt": DESK},
    "CatalogExportConnection": {CONNECTION: DESK},
    "CatalogExportEdge": {EDGE: DESK},
    # Discounts
    "Discount": {
        "id code title kind percentage amount minimumSubtotal startsAt endsAt isEnabled": DESK,
        "usageLimit usageLimitPerCustomer usageCount status version createdAt updatedAt": DESK,
    },
    "DiscountConnection": {CONNECTION: DESK},
    "DiscountEdge": {EDGE: DESK},
    "DiscountAnswer": {"discount refusal": EVERYONE},
    "StoreDiscount": {"code title kind percentage amount minimumSubtotal endsAt": EVERYONE},
    # Carts: whoever has its id sees a guest's
    "Cart": {
        "id isGuest lines quantity note discountCode destination shippingRateId subtotal totals warnings": EVERYONE,
    },
    "CartTotals": {
        "subtotal discount discountRefusal needsShipping shipping shippingQuotes total": EVERYONE,
    },
    "CartLine": {"variantId variant quantity seenPrice unitPrice total": EVERYONE},
    "CartWarning": {"code variantId oldPrice newPrice available": EVERYONE},
    "Destination": {"country governorate area": EVERYONE},
    # Orders: everyone sees the order that they have just placed
    "Order": {
        "id number name status paymentStatus fulfilmentStatus customer note total placedAt updatedAt lines": EVERYONE,
        "subtotal discount discountCode shipping shippingMethod shippingAddress paymentMethod heldUntil": EVERYONE,
        "paymentInstructions payments refunds": EVERYONE,
        "timeline visit": only(DESK, others=Refusal.FORBIDDEN),
    },
    # Ways of paying
    "PaymentAccount": {
        "provider kind isAvailable unavailability isEnabled isSaved name instructions paymentLink": MANAGERS,
        "holdMinutes hasRefunds hasPartialRefunds credentials webhookUrl": MANAGERS,
    },
    # Payments: everyone sees the attempt that they have just begun
    "Payment": {
        "id provider status amount amountRefunded failure createdAt expiresAt paidAt nextAction refunds": EVERYONE,
        "reference amountPaid amountRefundable returnReason transactions": only(DESK, others=Refusal.NULL),
    },
    # Refunds: everyone sees that money of their order is on its way
    "Refund": {
        "id status amount createdAt settledAt": EVERYONE,
        "paymentId origin shipping reason reference failure lines": only(DESK, others=Refusal.NULL),
    },
    "Mismatch": {"kind at order payment refund expected found detail": DESK},
    "MismatchConnection": {CONNECTION: DESK},
    "MismatchEdge": {EDGE: DESK},
    "RefundLine": {"lineId quantity amount restock restocked": DESK},
    "PaymentNextAction": {"redirectUrl clientSecret instructions paymentLink": EVERYONE},
    "PaymentTransaction": {"id operation outcome request response httpStatus milliseconds at": DESK},
    "PaymentCredential": {"name isRequired isSet setAt": MANAGERS},
    "PaymentMethod": {"provider name kind instructions isAvailable unavailability": EVERYONE},
    "Visit": {"id firstTouch lastTouch startedAt lastSeenAt sightings": DESK},
    "VisitTouch": {"source medium campaign term content referrer landingPage at": DESK},
    "VisitConnection": {CONNECTION: DESK},
    "VisitEdge": {EDGE: DESK},
    "OrderConnection": {CONNECTION: SIGNED_IN | DESK},
    "OrderEdge": {EDGE: SIGNED_IN | DESK},
    "OrderCustomer": {"name email phone": EVERYONE},
    "OrderLine": {"id variantId name sku unitPrice quantity total discount variant": EVERYONE},
    "OrderShippingMethod": {"kind name instructions estimateMinDays estimateMaxDays": EVERYONE},
    "ShippingAddress": {"recipient phone country notes kuwait general": EVERYONE},
    "KuwaitShippingAddress": {"governorate area block street avenue building floor flat": EVERYONE},
    "GeneralShippingAddress": {"line1 line2 city region postalCode": EVERYONE},
    "OrderTimelineEntry": {"id event at actorKind actorId from to reason": DESK},
    # Small types
    "LocalizedText": {"en ar value text": EVERYONE},
    "ShownText": {"value locale direction isFallback": EVERYONE},
    "Money": {"amount currency": EVERYONE},
    "PageInfo": {"hasNextPage hasPreviousPage startCursor endCursor": EVERYONE},
    # What mutations answer
    "AccountPayload": {"userErrors": EVERYONE},
    "AccountUpdatePayload": {"userErrors person": SIGNED_IN},
    "SessionPayload": {"userErrors session challenge": EVERYONE},
    "SessionSignOutPayload": {"userErrors": SIGNED_IN},
    "MfaBeginPayload": {"userErrors enrolment": SIGNED_IN},
    "RecoveryCodesPayload": {"userErrors recoveryCodes": SIGNED_IN},
    "MfaDisablePayload": {"userErrors": SIGNED_IN},
    "TenantPayload": {"userErrors tenant profile": SIGNED_IN},
    "TenantSlugReleasePayload": {"userErrors slug": MANAGERS},
    "TenantStandingPayload": {"userErrors tenant": CENTER},
    "MembershipPayload": {"userErrors member": MANAGERS},
    "MembershipRemovePayload": {"userErrors deletedId": MANAGERS},
    "MembershipLeavePayload": {"userErrors": STAFF},
    "OwnershipTransferPayload": {"userErrors owner": OWNERS},
    "InvitationPayload": {"userErrors invitation": MANAGERS},
    "InvitationAcceptPayload": {"userErrors membership": SIGNED_IN},
    "ApiKeyIssuePayload": {"userErrors key apiKey": MANAGERS},
    "ApiKeyPayload": {"userErrors apiKey": MANAGERS},
    "CatalogItemPayload": {"userErrors item": DESK},
    "CatalogVariantPayload": {"userErrors variant item": DESK},
    "CatalogItemDeletePayload": {"userErrors deletedId": DESK},
    "CatalogItemBulkPayload": {"userErrors results": DESK},
    "CatalogItemBulkResult": {"index item userErrors": DESK},
    "CatalogVariantBulkPayload": {"userErrors results": DESK},
    "CatalogVariantBulkResult": {"index variant item userErrors": DESK},
    "CatalogImportCreatePayload": {"userErrors import upload": DESK},
    "CatalogImportPayload": {"userErrors import": DESK},
    "CatalogExportPayload": {"userErrors export": DESK},
    "CategoryPayload": {"userErrors category": DESK},
    "CategoryReorderPayload": {"userErrors categories": DESK},
    "CategoryDeletePayload": {"userErrors deletedId": DESK},
    "MetadataPayload": {"userErrors node metadata": DESK},
    "MediaCreatePayload": {"userErrors media upload": DESK},
    "MediaPayload": {"userErrors media": DESK},
    "MediaDeletePayload": {"userErrors deletedId": DESK},
    "DiscountPayload": {"userErrors discount": DESK},
    "DiscountDeletePayload": {"userErrors deletedId": DESK},
    "OrderSubmitPayload": {"userErrors order orderToken": EVERYONE},
    "PaymentStartPayload": {"userErrors payment": EVERYONE},
    "PaymentMarkPaidPayload": {"userErrors payment order": DESK},
    "RefundCreatePayload": {"userErrors refund payment order": DESK},
    "PaymentAccountPayload": {"userErrors paymentAccount": MANAGERS},
    "PaymentAccountReorderPayload": {"userErrors paymentAccounts": MANAGERS},
    "PaymentAccountDeletePayload": {"userErrors deletedProvider": MANAGERS},
    "CartPayload": {"userErrors cart": EVERYONE},
    "CartDeletePayload": {"userErrors deletedId": EVERYONE},
    "CartMergePayload": {"userErrors cart leftOut": CUSTOMERS},
    "CartLeftOut": {"variantId quantity": CUSTOMERS},
    "CheckoutCompletePayload": {"userErrors order orderToken warnings": EVERYONE},
    "VisitRecordPayload": {"userErrors visitId expiresAt": EVERYONE},
    "ShippingZonePayload": {"userErrors zone": MANAGERS},
    "ShippingZoneDeletePayload": {"userErrors deletedId": MANAGERS},
    "OrderPayload": {"userErrors order": DESK | CUSTOMERS},
    "CustomerPayload": {"userErrors customer": SIGNED_IN},
    "CustomerAddressPayload": {"userErrors address": CUSTOMERS},
    "CustomerAddressDeletePayload": {"userErrors deletedId": CUSTOMERS},
    # Why a mutation did nothing
    "InvalidInput": {USER_ERROR: EVERYONE},
    "InsufficientStock": {f"{USER_ERROR} variantId available": EVERYONE},
    "TotalChanged": {f"{USER_ERROR} subtotal discount shipping total": EVERYONE},
    "IllegalTransition": {f"{USER_ERROR} current allowed": DESK | CENTER},
}


def written() -> Iterator[tuple[str, Row]]:
    """Each row by its name, `Type.field` or `Query.field on Type`, as often as it was written."""
    for section, fields in SECTIONS.items():
        for names, row in fields.items():
            for name in names.split():
                separator = " " if section.endswith(" on") else "."
                yield f"{section}{separator}{name}", row if isinstance(row, Row) else Row(row)


MATRIX: Mapping[str, Row] = dict(written())

DOOR_ALONE = frozenset(f"BackOffice.{name}" for name in f"{PROFILE} profile status version".split())
"""What only the door of its root field keeps: the storefront shows everyone the same of an open tenant."""

NULL_FOR_SOME: Mapping[str, str] = {
    "Tenant.brandPrimary": "those who can only open a tenant see it before it has colours",
    "Tenant.brandSecondary": "as above",
    "Customer.cart": "who has just become a customer has none",
    "Media.failure": "what is ready has none",
    "Tenant.logo": "those who can only open a tenant see it before it has one",
    "CatalogSearchConnection.correctedQuery": "they search for nothing in particular, and so nothing is mistyped",
    "StoreDiscount.percentage": "the code that they ask about takes off an amount",
    "Payment.failure": "they begin to pay, and nothing goes wrong",
    "Payment.returnReason": "as above",
    "Payment.paidAt": "as above",
    "Mismatch.refund": "an order was called off, and its money came by hand",
    "Mismatch.detail": "as above",
    "Refund.failure": "money goes back, and nothing goes wrong",
    "PaymentNextAction.clientSecret": "the mock gateway has none",
    "PaymentNextAction.instructions": "it has a page",
    "PaymentNextAction.paymentLink": "as above",
    "PaymentMethod.unavailability": "the stage's ways of paying can all be had",
    "ViewerMfa.enabledAt": "they read before they set up a second factor",
}
"""Rows that an audience may see as null alone, each with its reason; all others must have shown a value."""
