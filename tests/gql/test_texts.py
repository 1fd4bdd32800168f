"""Texts in two languages: which one is given, that it says so, and that no text of the schema has only one."""

from itertools import product
from typing import Any

import pytest
import strawberry
from graphql import GraphQLString

from gql.access import OPEN
from gql.cost import usually
from gql.pipeline import Api
from gql.roots import door
from gql.scalars import Locale, LocalizedText, localized
from gql.schema import admin_schema
from gql.schema_fields import fields_of, type_of
from tests.support.both_paths import BothPaths, hits, misses

TEXTS = [*product((None, "Dates"), (None, "تمر"), (None, "en", "ar"))]


@strawberry.type
class Query:
    @door(OPEN, description="Texts that lack this or that.", directives=[usually(12)])
    def texts(self) -> list[LocalizedText]:
        return [localized(*each) for each in TEXTS]


BOTH = BothPaths(strawberry.Schema(query=Query))
ASKED = """query($locale: Locale) { texts {
    en ar
    a: value b: text { value locale direction isFallback }
    c: value(locale: EN) d: text(locale: EN) { value locale direction isFallback }
    e: value(locale: AR) f: text(locale: AR) { value locale direction isFallback }
    g: value(locale: $locale) h: text(locale: $locale) { value locale direction isFallback }
} }"""


@pytest.mark.parametrize("locale", Locale)
async def test_a_text_says_which_language_it_is_in(locale: Locale) -> None:
    """Mission S8: compiled or not, and always fitting `value` and what there is."""
    answer = await BOTH.same(ASKED, {"locale": locale.name})
    ready = BOTH.ready(ASKED, {"locale": locale.name})
    assert hits(ready) > 0 == misses(ready)
    for found, (en, ar, own) in zip(answer["data"]["texts"], TEXTS, strict=True):
        wanted = {"b": own or "en", "d": "en", "f": "ar", "h": str(locale.value)}
        for (value, text), language in zip(
            (("a", "b"), ("c", "d"), ("e", "f"), ("g", "h")), wanted.values(), strict=True
        ):
            assert found[text] == expected(en, ar, language)
            assert found[value] == found[text]["value"]


def expected(en: str | None, ar: str | None, wanted: str) -> dict[str, Any]:
    """Written out apart from how the product does it."""
    other = {"en": "ar", "ar": "en"}[wanted]
    texts = {"en": en, "ar": ar}
    given = other if texts[other] and not texts[wanted] else wanted
    return {
        "value": texts[given] or "",
        "locale": given.upper(),
        "direction": {"en": "LTR", "ar": "RTL"}[given],
        "isFallback": given != wanted,
    }


ONE_LANGUAGE = {
    "what a person wrote about themselves or for one reader": """
        Person.name Person.email Colleague.name Colleague.email Customer.name Customer.email Customer.phone
        OrderCustomer.name OrderCustomer.email OrderCustomer.phone Order.note OrderTimelineEntry.reason
        Address.country Address.label Address.notes Address.phone Address.recipient
        GeneralAddress.country GeneralAddress.label GeneralAddress.notes GeneralAddress.phone GeneralAddress.recipient
        GeneralAddress.city GeneralAddress.line1 GeneralAddress.line2 GeneralAddress.postalCode GeneralAddress.region
        KuwaitAddress.country KuwaitAddress.label KuwaitAddress.notes KuwaitAddress.phone KuwaitAddress.recipient
        KuwaitAddress.area KuwaitAddress.avenue KuwaitAddress.block KuwaitAddress.building KuwaitAddress.flat
        KuwaitAddress.floor KuwaitAddress.street Destination.area Destination.country
        ShippingAddress.country ShippingAddress.notes ShippingAddress.phone ShippingAddress.recipient
        GeneralShippingAddress.city GeneralShippingAddress.line1 GeneralShippingAddress.line2
        GeneralShippingAddress.postalCode GeneralShippingAddress.region
        KuwaitShippingAddress.area KuwaitShippingAddress.avenue KuwaitShippingAddress.block
        KuwaitShippingAddress.building KuwaitShippingAddress.flat KuwaitShippingAddress.floor
        KuwaitShippingAddress.street
        Cart.note Cart.discountCode Invitation.email InvitationPreview.maskedEmail""",
    "for the staff alone": """
        ApiKey.name ApiKey.hint AuditActor.name AuditActor.email PaymentAccount.paymentLink
        Mismatch.detail Refund.reason Refund.reference Refund.failure
        Payment.reference PaymentTransaction.operation PaymentTransaction.outcome PaymentTransaction.request
        PaymentTransaction.response""",
    "names, numbers and addresses that are the same in every language": """
        BackOffice.slug Store.slug Tenant.slug MembershipTenant.slug InvitationPreview.tenantSlug FormerSlug.slug
        CatalogItem.slug Category.slug CatalogVariant.sku CatalogVariant.barcode
        Discount.code StoreDiscount.code OrderLine.sku Order.name Order.discountCode TenantSlugReleasePayload.slug
        BackOffice.timeZone Store.timeZone Tenant.timeZone BackOffice.contactEmail Store.contactEmail
        Tenant.contactEmail BackOffice.contactPhone Store.contactPhone Tenant.contactPhone
        BackOffice.brandPrimary Store.brandPrimary Tenant.brandPrimary
        BackOffice.brandSecondary Store.brandSecondary Tenant.brandSecondary
        StoreProfile.whatsappNumber StoreProfile.commercialRegistration StoreProfile.taxNumber
        StoreProfile.charityPermit SocialLink.url ShippingZone.countries""",
    "labels that are searched by as they are written, in whatever language": """
        CatalogItem.tags CatalogTag.name TagFacet.tag CatalogSearchConnection.correctedQuery""",
    "for the staff alone, of their files": """
        CatalogExport.category CatalogExport.downloadUrl CatalogImport.encoding CatalogImport.fileName
        CatalogImport.reportUrl CatalogImport.unknownColumns CatalogImportError.column CatalogImportError.message
        CatalogImportError.value CatalogImportRefusal.message Media.contentType
        UploadTarget.url""",
    "where a visitor came from, as their browser told it": """
        VisitTouch.campaign VisitTouch.content VisitTouch.landingPage VisitTouch.medium VisitTouch.referrer
        VisitTouch.source VisitTouch.term""",
    "for programs": """
        PaymentAccount.webhookUrl PaymentCredential.name Payment.failure PaymentNextAction.redirectUrl
        PaymentNextAction.clientSecret PaymentNextAction.paymentLink
        HttpHeader.name HttpHeader.value Image.url
        CatalogItem.externalReference CatalogVariant.externalReference Category.externalReference
        CatalogItem.metadataValue CatalogVariant.metadataValue Category.metadataValue MetadataEntry.key
        MetadataEntry.value
        ApiKeyIssuePayload.key AuditDetail.name AuditDetail.value AuditEntry.actName AuditEntry.address
        AuditEntry.requestId MfaEnrolment.qrCode MfaEnrolment.secret MfaEnrolment.uri OrderSubmitPayload.orderToken
        CheckoutCompletePayload.orderToken
        RecoveryCodesPayload.recoveryCodes Session.accessToken Session.refreshToken SessionChallenge.token
        PageInfo.startCursor PageInfo.endCursor""",
    "errors, whose sentences front ends write themselves": """
        IllegalTransition.allowed IllegalTransition.current IllegalTransition.field IllegalTransition.message
        InsufficientStock.field InsufficientStock.message InvalidInput.field InvalidInput.message
        TotalChanged.field TotalChanged.message UserError.field UserError.message""",
    "what a text in two languages is made of": "LocalizedText.en LocalizedText.ar LocalizedText.value ShownText.value",
}
"""Every field of one string, and why it is no text in two languages. A new one that shoppers read is to be one."""


def test_every_text_that_shoppers_read_is_in_two_languages() -> None:
    """Mission S8."""
    strings = {
        f"{parent}.{name}"
        for (parent, name), field in fields_of(Api(admin_schema).core).items()
        if type_of(field) is GraphQLString and not (parent.endswith("Edge") and name == "cursor")
    }
    listed = [name for names in ONE_LANGUAGE.values() for name in names.split()]
    assert len(listed) == len(set(listed))
    assert strings - set(listed) == set(), "make it a LocalizedText, or say here why it is none"
    assert set(listed) - strings == set()
