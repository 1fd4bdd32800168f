"""The doors of the schema: `store` is the public storefront, `tenant` the back office. Contexts furnish them."""

from enum import Enum

import strawberry

from gql.access import Access, Door
from gql.api_keys import ApiKeyFields
from gql.audit import AuditFields
from gql.carts import StoreCartFields
from gql.catalog_doors import StaffCatalogFields, StoreCatalogFields
from gql.catalog_exports import CatalogExportFields
from gql.catalog_imports import CatalogImportFields
from gql.context import Info
from gql.discounts import StaffDiscountFields, StoreDiscountFields
from gql.former_slugs import FormerSlugFields
from gql.invitations import InvitationFields
from gql.media import MediaFields
from gql.order_links import LinkedOrderFields
from gql.orders import OrderFields
from gql.payment_accounts import PaymentAccountFields, PaymentMethodFields
from gql.publicity import PUBLIC
from gql.reconciliation import ReconciliationFields
from gql.roots import door
from gql.search import StaffSearchFields, StoreSearchFields
from gql.shipping import StaffShippingFields, StoreShippingFields
from gql.store_profiles import StoreProfileFields
from gql.tags import StaffTagFields, StoreTagFields
from gql.team import TeamFields
from gql.tenants import PROFILE_VERSION, ProfileFields, TenantStatus
from gql.visits import VisitFields


@strawberry.enum(description="Whether a store answers.")
class StoreStatus(Enum):
    OPEN = strawberry.enum_value("open", description="It does.")
    UNAVAILABLE = strawberry.enum_value(
        "unavailable", description="The tenant is suspended or disabled; every other field is refused with 403."
    )


@strawberry.type(description="The public storefront of the request's tenant.")
class Store(
    ProfileFields,
    StoreProfileFields,
    StoreCatalogFields,
    StoreSearchFields,
    StoreTagFields,
    StoreDiscountFields,
    StoreShippingFields,
    StoreCartFields,
    LinkedOrderFields,
    PaymentMethodFields,
):
    @strawberry.field(description="Ask this alone in order to show an `unavailable` page.", directives=[PUBLIC])
    def status(self, info: Info) -> StoreStatus:
        return StoreStatus.OPEN if info.context.tenant.status == "active" else StoreStatus.UNAVAILABLE


@strawberry.type(description="The back office of the request's tenant, for its members.")
class BackOffice(
    ProfileFields,
    StoreProfileFields,
    FormerSlugFields,
    StaffCatalogFields,
    StaffSearchFields,
    StaffTagFields,
    MediaFields,
    CatalogImportFields,
    CatalogExportFields,
    StaffDiscountFields,
    OrderFields,
    PaymentAccountFields,
    ReconciliationFields,
    StaffShippingFields,
    VisitFields,
    TeamFields,
    InvitationFields,
    AuditFields,
    ApiKeyFields,
):
    @strawberry.field(description="Standing with the platform.")
    def status(self, info: Info) -> TenantStatus:
        return TenantStatus(info.context.tenant.status)

    @strawberry.field(description=PROFILE_VERSION)
    async def version(self, info: Info) -> int:
        return (await self.row(info)).version


STORE = Access(
    Door.STORE,
    even_if_suspended=frozenset({"status", "__typename"}),
    even_if_disabled=frozenset({"status", "__typename"}),
)
TENANT = Access(Door.TENANT, even_if_suspended=frozenset({"id", "slug", "name", "status", "__typename"}))


@strawberry.type
class DoorQuery:
    @door(
        STORE, description="The public storefront, named by host or by the `Sadu-Tenant` header.", directives=[PUBLIC]
    )
    def store(self) -> Store:
        return Store()

    @door(TENANT, description="The back office. Suspended, it still tells its members its name and status.")
    def tenant(self) -> BackOffice:
        return BackOffice()
