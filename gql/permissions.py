"""The named permissions, as clients see them."""

from collections.abc import Collection
from enum import Enum

import strawberry

from domain.actors import Permission as Granted


@strawberry.enum(description="Something that a role or an API key may do in the back office.")
class Permission(Enum):
    TENANT_MANAGE = strawberry.enum_value("tenant:manage", description="`tenant:manage`: change the profile.")
    CATALOG_READ = strawberry.enum_value("catalog:read", description="`catalog:read`: see drafts and stock.")
    CATALOG_MANAGE = strawberry.enum_value("catalog:manage", description="`catalog:manage`: change what is on sale.")
    ORDERS_READ = strawberry.enum_value("orders:read", description="`orders:read`: see orders.")
    ORDERS_MANAGE = strawberry.enum_value("orders:manage", description="`orders:manage`: work through orders.")
    PAYMENTS_MANAGE = strawberry.enum_value(
        "payments:manage", description="`payments:manage`: note money that came, and give money back."
    )
    VISITS_READ = strawberry.enum_value("visits:read", description="`visits:read`: see how visitors came.")
    TEAM_READ = strawberry.enum_value("team:read", description="`team:read`: see who works here and who is invited.")
    TEAM_MANAGE = strawberry.enum_value(
        "team:manage", description="`team:manage`: invite, change and remove anybody but owners."
    )
    API_KEYS_MANAGE = strawberry.enum_value("api_keys:manage", description="`api_keys:manage`: make and revoke keys.")
    OWNERSHIP_MANAGE = strawberry.enum_value(
        "ownership:manage", description="`ownership:manage`: make, change and remove owners."
    )
    AUDIT_READ = strawberry.enum_value("audit:read", description="`audit:read`: read the audit log.")


def permissions_of(granted: Collection[Granted]) -> list[Permission]:
    """Always in the same order."""
    return [each for each in Permission if Granted(each.value) in granted]
