"""The acts of the audit log, as clients see them."""

from enum import Enum

import strawberry

from domain.acts import OTHER, Act


@strawberry.enum(description="What was done. More values may come.")
class AuditAct(Enum):
    TENANT_CREATE = strawberry.enum_value("tenant.create", description="The tenant was opened.")
    TENANT_UPDATE = strawberry.enum_value("tenant.update", description="Its profile was changed.")
    TENANT_SLUG_RELEASE = strawberry.enum_value(
        "tenant.slug_release", description="A former slug was let go: it leads here no longer."
    )
    TENANT_ACTIVE = strawberry.enum_value("tenant.active", description="The platform has opened it again.")
    TENANT_SUSPENDED = strawberry.enum_value("tenant.suspended", description="The platform has suspended it.")
    TENANT_DISABLED = strawberry.enum_value("tenant.disabled", description="The platform has disabled it.")
    TEAM_INVITE = strawberry.enum_value("team.invite", description="Somebody was invited.")
    TEAM_INVITATION_RESEND = strawberry.enum_value(
        "team.invitation_resend", description="An invitation was mailed again."
    )
    TEAM_INVITATION_REVOKE = strawberry.enum_value(
        "team.invitation_revoke", description="An invitation was taken back, or its sender lost the right to it."
    )
    TEAM_JOIN = strawberry.enum_value("team.join", description="An invitation was accepted.")
    TEAM_ROLE = strawberry.enum_value("team.role", description="A member was given another role.")
    TEAM_REMOVE = strawberry.enum_value("team.remove", description="A member was removed.")
    TEAM_LEAVE = strawberry.enum_value("team.leave", description="A member has left.")
    TEAM_TRANSFER = strawberry.enum_value("team.transfer", description="The ownership was handed over.")
    API_KEY_CREATE = strawberry.enum_value("api_key.create", description="An API key was made.")
    API_KEY_ROTATE = strawberry.enum_value("api_key.rotate", description="An API key was replaced.")
    API_KEY_REVOKE = strawberry.enum_value("api_key.revoke", description="An API key was revoked.")
    CATALOG_IMPORT = strawberry.enum_value(
        "catalog.import", description="A file was begun to be applied to the catalogue, or put behind others."
    )
    CATALOG_IMPORT_CANCEL = strawberry.enum_value("catalog.import_cancel", description="An import was cancelled.")
    CATALOG_EXPORT = strawberry.enum_value("catalog.export", description="The catalogue was written into a file.")
    DISCOUNT_CREATE = strawberry.enum_value("discount.create", description="A discount code was made.")
    DISCOUNT_UPDATE = strawberry.enum_value("discount.update", description="A discount was changed.")
    DISCOUNT_DELETE = strawberry.enum_value(
        "discount.delete", description="A discount that nobody had used was deleted."
    )
    REFUND_CREATE = strawberry.enum_value("refund.create", description="Money of a payment is given back.")
    PAYMENT_ACCOUNT_SAVE = strawberry.enum_value(
        "payment_account.save", description="A way of paying was set up or changed."
    )
    PAYMENT_ACCOUNT_ENABLE = strawberry.enum_value(
        "payment_account.enable", description="A way of paying is offered from then on."
    )
    PAYMENT_ACCOUNT_DISABLE = strawberry.enum_value(
        "payment_account.disable", description="A way of paying is offered no longer."
    )
    PAYMENT_ACCOUNT_REORDER = strawberry.enum_value(
        "payment_account.reorder", description="Ways of paying were put into another order."
    )
    PAYMENT_ACCOUNT_DELETE = strawberry.enum_value(
        "payment_account.delete", description="A way of paying was deleted with its credentials."
    )
    SHIPPING_ZONE_SAVE = strawberry.enum_value(
        "shipping.zone_save", description="A shipping zone was made, or changed with its rates."
    )
    SHIPPING_ZONE_DELETE = strawberry.enum_value("shipping.zone_delete", description="A shipping zone was deleted.")
    SESSION_SIGN_IN = strawberry.enum_value("session.sign_in", description="A member has signed in.")
    SESSION_RECOVER = strawberry.enum_value("session.recover", description="A member has signed in by a recovery code.")
    SESSION_SIGN_OUT = strawberry.enum_value("session.sign_out", description="A member has signed out.")
    SESSION_SIGN_OUT_EVERYWHERE = strawberry.enum_value(
        "session.sign_out_everywhere", description="A member has ended all their sessions."
    )
    SESSION_REUSE = strawberry.enum_value(
        "session.reuse",
        description="A member's refresh token was used twice, as a stolen one is: that session has ended.",
    )
    ACCOUNT_UPDATE = strawberry.enum_value(
        "account.update", description="A member has changed their own name or language."
    )
    ACCOUNT_PASSWORD_CHANGE = strawberry.enum_value(
        "account.password_change", description="A member has changed their password."
    )
    ACCOUNT_PASSWORD_RESET = strawberry.enum_value(
        "account.password_reset", description="A member has set a new password by a mailed code."
    )
    MFA_ENABLE = strawberry.enum_value("mfa.enable", description="A member has set up a second factor.")
    MFA_DISABLE = strawberry.enum_value("mfa.disable", description="A member has taken their second factor away.")
    MFA_RENEW_RECOVERY_CODES = strawberry.enum_value(
        "mfa.renew_recovery_codes", description="A member has replaced their recovery codes."
    )
    MFA_RESET = strawberry.enum_value(
        "mfa.reset", description="The platform's administrators have taken a member's second factor away."
    )
    OTHER = strawberry.enum_value("other", description="Something that has no value here yet: `actName` tells what.")


KNOWN = frozenset(Act)


def act_of(name: str) -> AuditAct:
    """A name that a newer release has written must not break the list."""
    return AuditAct(name if name in KNOWN else OTHER)
