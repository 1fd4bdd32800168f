"""The two schemas: the public one, and the privileged superset for the platform's operators.

Each context declares its root fields in a class of its own; here they are merged. A name declared twice is an error.
"""

import warnings
from pathlib import Path

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from gql.addresses import AddressMutation, GeneralAddress, KuwaitAddress
from gql.api_keys import ApiKeyMutation
from gql.cart_mutations import CartMutation
from gql.catalog_bulk import CatalogBulkMutation
from gql.catalog_exports import CatalogExportMutation
from gql.catalog_import_mutations import CatalogImportMutation
from gql.catalog_mutations import CatalogMutation
from gql.catalog_option_mutations import CatalogOptionMutation
from gql.catalog_removals import CatalogRemovalMutation
from gql.categories import CategoryMutation
from gql.checkouts import CheckoutMutation
from gql.compiled_inputs import with_compiled_inputs
from gql.cost import sized
from gql.customers import CustomerMutation
from gql.defaults import without_null_defaults
from gql.discounts import DiscountMutation
from gql.doors import DoorQuery
from gql.errors import ErrorCode, IllegalTransition, InsufficientStock, InvalidInput, TotalChanged
from gql.former_slugs import FormerSlugMutation
from gql.identity import IdentityMutation
from gql.invitations import InvitationMutation, InvitationQuery
from gql.media import MediaMutation
from gql.metadata_mutations import MetadataMutation
from gql.mfa import MfaMutation
from gql.nodes import NodeQuery
from gql.one_of import with_one_of
from gql.order_claims import OrderClaimMutation
from gql.order_mutations import OrderMutation
from gql.payment_accounts import PaymentAccountMutation
from gql.payment_mutations import PaymentMutation
from gql.platform import PlatformMutation, PlatformQuery
from gql.refund_mutations import RefundMutation
from gql.scalars import SCALARS
from gql.sessions import SessionMutation
from gql.shipping import ShippingMutation
from gql.team import TeamMutation
from gql.tenants import TenantMutation
from gql.viewer import ViewerQuery
from gql.visits import VisitMutation

QUERIES: tuple[type, ...] = (DoorQuery, ViewerQuery, NodeQuery, InvitationQuery)
MUTATIONS: tuple[type, ...] = (
    IdentityMutation,
    SessionMutation,
    MfaMutation,
    TenantMutation,
    FormerSlugMutation,
    TeamMutation,
    InvitationMutation,
    ApiKeyMutation,
    CatalogMutation,
    CatalogOptionMutation,
    CatalogRemovalMutation,
    CatalogBulkMutation,
    CatalogImportMutation,
    CatalogExportMutation,
    CategoryMutation,
    MetadataMutation,
    MediaMutation,
    DiscountMutation,
    CartMutation,
    OrderMutation,
    OrderClaimMutation,
    CheckoutMutation,
    PaymentAccountMutation,
    PaymentMutation,
    RefundMutation,
    ShippingMutation,
    VisitMutation,
    CustomerMutation,
    AddressMutation,
)
PRIVILEGED_QUERIES: tuple[type, ...] = (*QUERIES, PlatformQuery)
PRIVILEGED_MUTATIONS: tuple[type, ...] = (*MUTATIONS, PlatformMutation)
UNREFERENCED = (
    InvalidInput,
    InsufficientStock,
    TotalChanged,
    IllegalTransition,
    ErrorCode,
    KuwaitAddress,
    GeneralAddress,
)
"""Types that no field names, but that clients meet."""

QUERY = "Everything that can be read."
MUTATION = "Everything that can be done. Several in one document are done one after the other."


def build(queries: tuple[type, ...], mutations: tuple[type, ...]) -> strawberry.Schema:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # merge_types only warns of a field that two contexts declare
        schema = strawberry.Schema(
            query=strawberry.type(merge_types("Query", queries), description=QUERY),
            mutation=strawberry.type(merge_types("Mutation", mutations), description=MUTATION),
            types=UNREFERENCED,
            config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
        )
    return with_compiled_inputs(sized(without_null_defaults(with_one_of(schema))))


public_schema = build(QUERIES, MUTATIONS)
admin_schema = build(PRIVILEGED_QUERIES, PRIVILEGED_MUTATIONS)

SDL_FILES = {"schema.graphql": public_schema, "schema.admin.graphql": admin_schema}


def write_sdl(folder: Path) -> None:
    """Print both schemas into `folder`."""
    for name, schema in SDL_FILES.items():
        (folder / name).write_text(schema.as_str() + "\n", encoding="utf-8")


def stale_sdl(folder: Path) -> list[str]:
    """The committed files that are not in step with the code."""
    return [
        name
        for name, schema in SDL_FILES.items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != schema.as_str() + "\n"
    ]
