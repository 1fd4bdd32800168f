"""The audit log of a tenant: who did what, when and from where, for its owner to read."""

from datetime import UTC, datetime, timedelta

import pytest

from bootstrap import Parts
from domain import audit
from domain.actors import Actor, ActorKind
from domain.acts import Act
from gql.ids import global_id, known_id
from tests.support.api_keys import Keyring
from tests.support.factories import Shop
from tests.support.people import ANOTHER, PASSWORD, Person
from tests.support.statements import counted_statements
from tests.support.team import AUDIT, Team, mutation
from tests.support.tools import Tools

SUSPEND = 'mutation($id: ID!) { tenantSuspend(input: {id: $id, reason: "Unpaid"}) { userErrors { code } } }'
REACTIVATE = "mutation($id: ID!) { tenantReactivate(input: {id: $id}) { userErrors { code } } }"
UPDATE = 'mutation { tenantUpdate(input: {brandPrimary: "#0a7d5c", locale: EN}) { userErrors { code } } }'


@pytest.fixture
def team_at_work(tools: Tools, shop: Shop) -> Team:
    return Team(tools, shop)


async def test_every_act_on_a_team_is_told_with_who_when_and_from_where(team_at_work: Team) -> None:
    """Mission T5."""
    team, began = team_at_work, datetime.now(UTC) - timedelta(seconds=1)
    person, factory = await team.tools.factory.member("Badr Al-Salem"), team.tools.factory
    email, other = person.person.email, f"{factory.word()}@people.test"
    await team.invite(email, "MEMBER")
    (await team.accept(person, await team.token_for(email))).payload("invitationAccept")
    invitation = await team.invite(other, "ADMIN")
    await team.age(invitation, "2 minutes")
    (await team.do("invitationResend", id=invitation["id"])).payload("invitationResend")
    (await team.do("invitationRevoke", id=invitation["id"])).payload("invitationRevoke")
    membership = await team.membership_of(person)
    (await team.do("membershipUpdate", id=membership, role="ADMIN")).payload("membershipUpdate")
    helper = await factory.staff(team.shop, "member")
    (await team.do("membershipRemove", person, id=await team.membership_of(helper))).payload("membershipRemove")
    (await team.do("ownershipTransfer", id=membership)).payload("ownershipTransfer")
    assert (await team.leave(team.shop.owner)).faults("membershipLeave") == []

    found = (await team.ask(AUDIT, person)).data["tenant"]["auditEntries"]
    entries = list(reversed(found["nodes"]))
    told = [(each["actName"], {detail["name"]: detail["value"] for detail in each["details"]}) for each in entries]
    owner, heir = team.shop.owner.person, person.person
    assert told == [
        ("tenant.create", {"slug": team.shop.slug}),
        ("team.invite", {"email": email, "role": "member"}),
        ("team.join", {"role": "member"}),
        ("team.invite", {"email": other, "role": "admin"}),
        ("team.invitation_resend", {"email": other, "role": "admin"}),
        ("team.invitation_revoke", {"email": other, "role": "admin"}),
        ("team.role", {"member": email, "before": "member", "after": "admin"}),
        ("team.remove", {"member": helper.person.email, "role": "member"}),
        ("team.transfer", {"member": email, "before": "admin", "after": "owner"}),
        ("team.leave", {"member": owner.email, "role": "admin"}),
    ]
    by = [(each["actor"]["name"], each["actor"]["email"]) for each in entries]
    o, h = (owner.name, owner.email), (heir.name, heir.email)
    assert by == [o, o, h, o, o, o, o, h, o, o]
    acts = entries[1:]
    assert {each["address"] for each in acts} == {"127.0.0.1"}
    assert len({each["requestId"] for each in acts}) == len(acts)
    assert all(began < datetime.fromisoformat(each["at"]) <= datetime.now(UTC) for each in acts)
    assert found["totalCount"] == len(told)


async def test_a_refused_act_leaves_no_entry(team_at_work: Team) -> None:
    """Mission T5."""
    team = team_at_work
    admin = await team.tools.factory.staff(team.shop, "admin")
    await team.do("invitationCreate", email="nobody", role="MEMBER")
    await team.do("invitationCreate", admin, email="boss@people.test", role="OWNER")
    await team.leave(team.shop.owner)
    assert await team.told() == []


@pytest.mark.parametrize("role", ["admin", "member"])
async def test_the_log_is_the_owners_alone(team_at_work: Team, role: str) -> None:
    """Mission T5."""
    team = team_at_work
    reply = await team.ask(AUDIT, await team.tools.factory.staff(team.shop, role))
    assert (reply.status, reply.codes) == (200, ["FORBIDDEN"])
    assert reply.body["data"] == {"tenant": {"auditEntries": None}}


async def test_what_a_member_does_about_their_account_is_told(team_at_work: Team, tools: Tools) -> None:
    """Mission T5, T6: over HTTP, from the sign-up of somebody real to their last sign-out."""
    team, email = team_at_work, f"{tools.factory.word()}@people.test"
    noura = Person(tools.api, tools.post, email)
    await noura.sign_up()
    await noura.confirm()
    token = (await noura.sign_in())["accessToken"]
    await team.invite(email)
    invited = {"input": {"token": await team.token_for(email)}}
    (await tools.api.execute(mutation("invitationAccept"), invited, token=token)).payload("invitationAccept")
    app, _ = await noura.enrol(token)
    for name in ("Noura", "Noura", ""):
        await noura.ask("accountUpdate", token=token, name=name)
    changed = await noura.ask("accountPasswordChange", token=token, currentPassword=PASSWORD, newPassword=ANOTHER)
    changed.payload("accountPasswordChange")
    (await noura.sign_out(token)).payload("sessionSignOut")
    await noura.half_a_minute_later(tools)
    verified = await noura.verify(await noura.challenge(ANOTHER), app.code())
    token = verified.payload("sessionVerify")["session"]["accessToken"]
    (await noura.ask("sessionSignOutEverywhere", token=token)).payload("sessionSignOutEverywhere")

    entries = list(reversed(await team.audit()))[3:]
    assert [each["actName"] for each in entries] == [
        "mfa.enable",
        "account.update",
        "account.password_change",
        "session.sign_out",
        "session.sign_in",
        "session.sign_out_everywhere",
    ]
    assert {(each["actor"]["email"], each["address"]) for each in entries} == {(email, "127.0.0.1")}
    assert len({each["requestId"] for each in entries} - {None}) == len(entries)


async def test_acts_of_operators_and_of_programs_are_told(team_at_work: Team, parts: Parts) -> None:
    """Mission T5. The operator's name is not the tenant's to know."""
    team, shop = team_at_work, team_at_work.shop
    operator = await team.tools.factory.operator()
    for document in (SUSPEND, REACTIVATE):
        given = {"id": global_id("tenant", shop.tenant.id)}
        assert (await team.tools.api.admin(document, given, token=operator.token)).status == 200
    (await team.tools.api.execute(UPDATE, token=shop.token, tenant=shop.slug)).payload("tenantUpdate")
    keyring = Keyring(team.tools.api, shop)
    made = await keyring.make(name="Till")
    assert (await keyring.call(made["key"], UPDATE)).codes == ["FORBIDDEN"]
    # No scope lets a key do what is told here. An entry is what the key's act would leave, were there one.
    acting = Actor(ActorKind.API_KEY, shop.tenant.id, key_id=known_id("key", made["apiKey"]["id"]))
    async with parts.database.write(acting.scope) as session:
        audit.record(session, actor=acting, act=Act.TENANT_UPDATE)

    program, created, update, reactivated, suspended, _ = await team.audit()

    assert (program["actorKind"], program["actor"]) == ("API_KEY", {"name": "Till", "email": None})
    assert (created["actName"], created["actor"]["email"]) == ("api_key.create", shop.owner.person.email)
    assert update["details"] == [{"name": "fields", "value": "brand_primary, locale"}]
    assert [each["actorKind"] for each in (suspended, reactivated)] == ["OPERATOR"] * 2
    assert [each["actor"] for each in (suspended, reactivated)] == [None, None]
    assert {"name": "reason", "value": "Unpaid"} in suspended["details"]


async def test_another_tenants_log_is_not_in_it(team_at_work: Team, tools: Tools) -> None:
    """Mission T3, T5."""
    other = Team(tools, await tools.factory.shop())
    await other.invite(f"{tools.factory.word()}@people.test")
    assert [each["actName"] for each in await team_at_work.audit()] == ["tenant.create"]
    assert (await team_at_work.ask(AUDIT, other.shop.owner)).status == 403


async def test_pages_follow_each_other_without_gap_or_repetition(team_at_work: Team) -> None:
    """Mission T5. Entries of one transaction bear the same moment."""
    team = team_at_work
    async with team.tools.factory.parts.database.write(team.shop.actor.scope) as session:
        for number in range(25):
            audit.record(
                session, actor=team.shop.actor, act=Act.TEAM_LEAVE if number % 2 else Act.TEAM_JOIN, number=number
            )
    whole = [each["id"] for each in await team.audit()]
    assert len(whole) == 26
    seen: list[str] = []
    after = None
    while True:
        found = (await team.ask(AUDIT, first=10, after=after)).data["tenant"]["auditEntries"]
        seen.extend(each["id"] for each in found["nodes"])
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert seen == whole
    odd = (await team.ask(AUDIT, act="TEAM_LEAVE", first=5)).data["tenant"]["auditEntries"]
    assert odd["totalCount"] == 12
    assert {each["actName"] for each in odd["nodes"]} == {"team.leave"}
    refused = await team.ask(AUDIT, after="nonsense")
    assert refused.codes == ["BAD_USER_INPUT"]


async def test_the_number_of_statements_does_not_grow_with_the_entries(
    team_at_work: Team, parts: Parts, tools: Tools
) -> None:
    """Mission T5."""
    teams = team_at_work, Team(tools, await tools.factory.shop())
    asked: list[int] = []
    for number, each in zip((2, 12), teams, strict=True):
        for _ in range(number):
            admin = await tools.factory.staff(each.shop, "admin")
            await each.invite(f"{tools.factory.word()}@people.test", by=admin)
        for read in (each.audit, each.invitations, each.members):
            with counted_statements(parts.database) as statements:
                found = await read()
            assert len(found) >= number
            asked.append(len(statements))
    assert asked[:3] == asked[3:]
