"""A team as its people work with it over HTTP: invitations, roles, the audit log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from domain.invitations import token_of
from domain.signing import Signer
from gql.ids import known_id
from tests.support.api import Reply
from tests.support.factories import Member, Shop
from tests.support.tools import Tools

INVITATION = "invitation { id email role status createdAt sentAt expiresAt invitedBy { name email } }"
MEMBER = "id role joinedAt hasMfa isViewer person { id name email }"
SELECTIONS: Mapping[str, str] = {
    "invitationCreate": INVITATION,
    "invitationResend": INVITATION,
    "invitationRevoke": INVITATION,
    "invitationAccept": "membership { role permissions tenant { slug } }",
    "membershipUpdate": f"member {{ {MEMBER} }}",
    "membershipRemove": "deletedId",
    "ownershipTransfer": f"owner {{ {MEMBER} }}",
    "apiKeyCreate": "apiKey { id }",
}
LEAVE = "mutation { membershipLeave { userErrors { code field message } } }"
TEAM = f"{{ tenant {{ members {{ {MEMBER} }} }} }}"
INVITATIONS = f"""query($status: InvitationStatus) {{ tenant {{ invitations(first: 100, status: $status) {{
  totalCount nodes {{ {INVITATION.removeprefix("invitation {")} }} }} }}"""
PREVIEW = """query($token: String!) { invitation(token: $token) {
  tenantName { en ar value } tenantSlug role maskedEmail expiresAt
} }"""
AUDIT = """query($first: Int = 100, $after: String, $act: AuditAct) { tenant {
  auditEntries(first: $first, after: $after, act: $act) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id act actName actorKind actor { name email } details { name value } address requestId at }
  }
} }"""
PERMISSIONS = "{ viewer { membership { role permissions } memberships { role permissions tenant { slug } } } }"
TOKEN = re.compile(r"/invitation#([A-Za-z0-9_-]{43})$", re.MULTILINE)


def mutation(field: str) -> str:
    kind = f"{field[0].upper()}{field[1:]}Input"
    errors = "userErrors { code field message }"
    return f"mutation($input: {kind}!) {{ {field}(input: $input) {{ {SELECTIONS[field]} {errors} }} }}"


@dataclass(frozen=True, slots=True)
class Team:
    """The team of a shop. Whoever acts is named; left out, it is the owner."""

    tools: Tools
    shop: Shop

    async def do(self, field: str, by: Member | None = None, **given: Any) -> Reply:
        token = (by or self.shop.owner).token
        return await self.tools.api.execute(mutation(field), {"input": given}, token=token, tenant=self.shop.slug)

    async def leave(self, by: Member) -> Reply:
        return await self.tools.api.execute(LEAVE, token=by.token, tenant=self.shop.slug)

    async def ask(self, document: str, by: Member | None = None, **variables: Any) -> Reply:
        token = (by or self.shop.owner).token
        return await self.tools.api.execute(document, variables, token=token, tenant=self.shop.slug)

    async def invite(self, email: str, role: str = "MEMBER", by: Member | None = None) -> dict[str, Any]:
        made = await self.do("invitationCreate", by, email=email, role=role)
        return made.payload("invitationCreate")["invitation"]

    async def token_for(self, email: str) -> str:
        """The token in the newest mail to an address."""
        return token_in((await self.tools.post.to(email))[-1].text)

    async def accept(self, by: Member, token: str) -> Reply:
        """The person names no tenant: they have none yet."""
        return await self.tools.api.execute(mutation("invitationAccept"), {"input": {"token": token}}, token=by.token)

    async def members(self, by: Member | None = None) -> list[dict[str, Any]]:
        return (await self.ask(TEAM, by)).data["tenant"]["members"]

    async def roles(self) -> dict[str, str]:
        """Role by address."""
        return {each["person"]["email"]: each["role"] for each in await self.members()}

    async def membership_of(self, member: Member) -> str:
        """The identifier of somebody's membership."""
        return next(each["id"] for each in await self.members() if each["person"]["email"] == member.person.email)

    async def invitations(self) -> list[dict[str, Any]]:
        return (await self.ask(INVITATIONS)).data["tenant"]["invitations"]["nodes"]

    async def audit(self, **variables: Any) -> list[dict[str, Any]]:
        return (await self.ask(AUDIT, **variables)).data["tenant"]["auditEntries"]["nodes"]

    async def told(self) -> list[tuple[str, dict[str, str]]]:
        """What the audit log has about the team, oldest first: acts with their details."""
        entries = reversed(await self.audit())
        return [
            (each["actName"], {detail["name"]: detail["value"] for detail in each["details"]})
            for each in entries
            if each["actName"].startswith("team.")
        ]

    async def meddle(self, statement: str, **values: Any) -> None:
        """Change rows as nobody can who serves requests: time passes, or somebody interferes."""
        await self.tools.superuser.execute(text(statement), values)

    async def age(self, invitation: Mapping[str, Any], by: str) -> None:
        """As if the invitation had been made that much earlier."""
        moments = ", ".join(f"{name} = {name} - interval '{by}'" for name in ("created_at", "sent_at", "expires_at"))
        invitation_id = known_id("invitation", invitation["id"])
        await self.meddle(f"UPDATE invitations SET {moments} WHERE id = :id", id=invitation_id)


def token_in(mail: str) -> str:
    match = TOKEN.search(mail)
    assert match, "the mail has no token"
    return match[1]


async def token_for(team: Team, email: str) -> str:
    """The token that an invitation to the address is mailed with, without waiting for the mail."""
    invitation_id = known_id("invitation", (await team.invite(email))["id"])
    assert invitation_id
    secret = team.tools.post.parts.settings.secret_key.get_secret_value().encode()
    return token_of(Signer(secret), invitation_id, sends=1)
