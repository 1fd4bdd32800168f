"""The acts that the audit log tells of, by the names that it keeps."""

from enum import StrEnum


class Act(StrEnum):
    """What was done. A release that is being rolled out may write others that this one does not know."""

    TENANT_CREATE = "tenant.create"
    TENANT_UPDATE = "tenant.update"
    TENANT_SLUG_RELEASE = "tenant.slug_release"
    TENANT_ACTIVE = "tenant.active"
    TENANT_SUSPENDED = "tenant.suspended"
    TENANT_DISABLED = "tenant.disabled"
    TEAM_INVITE = "team.invite"
    TEAM_INVITATION_RESEND = "team.invitation_resend"
    TEAM_INVITATION_REVOKE = "team.invitation_revoke"
    TEAM_JOIN = "team.join"
    TEAM_ROLE = "team.role"
    TEAM_REMOVE = "team.remove"
    TEAM_LEAVE = "team.leave"
    TEAM_TRANSFER = "team.transfer"
    API_KEY_CREATE = "api_key.create"
    API_KEY_ROTATE = "api_key.rotate"
    API_KEY_REVOKE = "api_key.revoke"
    CATALOG_IMPORT = "catalog.import"
    CATALOG_IMPORT_CANCEL = "catalog.import_cancel"
    CATALOG_EXPORT = "catalog.export"
    SESSION_SIGN_IN = "session.sign_in"
    SESSION_RECOVER = "session.recover"
    SESSION_SIGN_OUT = "session.sign_out"
    SESSION_SIGN_OUT_EVERYWHERE = "session.sign_out_everywhere"
    SESSION_REUSE = "session.reuse"
    ACCOUNT_UPDATE = "account.update"
    ACCOUNT_PASSWORD_CHANGE = "account.password_change"
    ACCOUNT_PASSWORD_RESET = "account.password_reset"
    MFA_ENABLE = "mfa.enable"
    MFA_DISABLE = "mfa.disable"
    MFA_RENEW_RECOVERY_CODES = "mfa.renew_recovery_codes"
    MFA_RESET = "mfa.reset"


OTHER = "other"
"""In a filter: whatever is none of them."""
