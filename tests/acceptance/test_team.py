"""Teams: inviting, accepting, changing and removing, leaving, handing over. The last owner stays."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from domain.actors import Permission, permissions_of
from gql.permissions import Permission as Named
from tests.support.factories import Member, Shop
from tests.support.statements import counted_statements
from tests.support.team import INVITATIONS, PERMISSIONS, PREVIEW, TEAM, Team
from tests.support.tools import Tools

ORDERS = "{ tenant { orders(first: 1) { totalCount } } }"
INVALID = [("INVITATION_INVALID", ["token"])]
ENDED = ("open", "expired", "revoked", "late")


@pytest.fixture
def team(tools: Tools, shop: Shop) -> Team:
    return Team(tools, shop)


async def invited(team: Team, role: str = "MEMBER") -> tuple[Member, str]:
    """Somebody with an account, and the token that was mailed to them."""
    person = await team.tools.factory.member("Badr Al-Salem")
    await team.invite(person.person.email, role)
    return person, await team.token_for(person.person.email)


# --- joining


async def test_whoever_is_invited_joins_with_the_role_and_works_at_once(team: Team) -> None:
    """Mission T5."""
    person, token = await invited(team)
    refused = await team.ask(ORDERS, person)
    assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])

    joined = (await team.accept(person, token)).payload("invitationAccept")["membership"]

    assert (joined["role"], joined["tenant"]["slug"]) == ("MEMBER", team.shop.slug)
    assert set(joined["permissions"]) == {each.name for each in permissions_of("member")}
    assert (await team.ask(ORDERS, person)).data["tenant"]["orders"]["totalCount"] == 0
    assert await team.roles() == {team.shop.owner.person.email: "OWNER", person.person.email: "MEMBER"}
    owner, member = await team.members(person)
    assert [(each["isViewer"], each["hasMfa"]) for each in (owner, member)] == [(False, False), (True, False)]
    assert member["person"]["name"] == "Badr Al-Salem"
    [listed] = await team.invitations()
    assert (listed["status"], listed["invitedBy"]["email"]) == ("ACCEPTED", team.shop.owner.person.email)


async def test_the_token_tells_what_it_is_for_and_hides_most_of_the_address(team: Team) -> None:
    """Mission T5."""
    person, token = await invited(team, "ADMIN")
    preview = (await team.tools.api.execute(PREVIEW, {"token": token})).data["invitation"]
    assert (preview["role"], preview["tenantSlug"]) == ("ADMIN", team.shop.slug)
    assert preview["tenantName"]["value"] == f"Shop {team.shop.slug}"
    assert preview["maskedEmail"] == f"{person.person.email[0]}***@people.test"
    (await team.accept(person, token)).payload("invitationAccept")
    for spent in (token, "", "x" * 10_000, token[:-1]):
        assert (await team.tools.api.execute(PREVIEW, {"token": spent})).data["invitation"] is None


async def test_sixty_four_simultaneous_accepts_make_one_member(team: Team) -> None:
    """Mission T5."""
    person, token = await invited(team)
    replies = await asyncio.gather(*(team.accept(person, token) for _ in range(64)))
    faults = [reply.faults("invitationAccept") for reply in replies]
    assert sorted(map(len, faults)) == [0] + [1] * 63
    assert all(found in ([], INVALID) for found in faults)
    assert [each["person"]["email"] for each in await team.members()].count(person.person.email) == 1
    assert [act for act, _ in await team.told()].count("team.join") == 1


async def test_a_token_is_worthless_in_other_hands(team: Team) -> None:
    """Mission T5. The answer is that to a wrong token, and the invitation stays good."""
    person, token = await invited(team)
    thief = await team.tools.factory.member()
    stolen, wrong = await team.accept(thief, token), await team.accept(thief, "wrong")
    assert stolen.faults("invitationAccept") == wrong.faults("invitationAccept") == INVALID
    assert stolen.data == wrong.data
    guest = await team.tools.api.execute(
        "mutation($t: String!) { invitationAccept(input: {token: $t}) { userErrors { code } } }", {"t": token}
    )
    assert (guest.status, guest.codes) == (401, ["UNAUTHENTICATED"])
    assert len(await team.members()) == 1
    (await team.accept(person, token)).payload("invitationAccept")


async def test_an_address_counts_only_once_it_is_confirmed(team: Team) -> None:
    """Mission T5."""
    person, token = await invited(team)
    for confirmed_at, faults in (("NULL", INVALID), ("now()", [])):
        await team.meddle(f"UPDATE people SET confirmed_at = {confirmed_at} WHERE id = :id", id=person.person.id)
        assert (await team.accept(person, token)).faults("invitationAccept") == faults


@pytest.mark.parametrize("ending", ["expired", "revoked", "resent", "suspended"])
async def test_an_invitation_that_has_ended_lets_nobody_in(team: Team, ending: str) -> None:
    """Mission T5."""
    person, token = await invited(team)
    [invitation] = await team.invitations()
    if ending == "expired":
        await team.age(invitation, "7 days")
    elif ending == "revoked":
        (await team.do("invitationRevoke", id=invitation["id"])).payload("invitationRevoke")
    elif ending == "resent":
        await team.age(invitation, "61 seconds")
        (await team.do("invitationResend", id=invitation["id"])).payload("invitationResend")
    else:
        operator = await team.tools.factory.operator()
        suspend = "mutation($id: ID!) { tenantSuspend(input: {id: $id}) { userErrors { code } } }"
        tenant = "{ tenant { id } }"
        tenant_id = (await team.ask(tenant)).data["tenant"]["id"]
        (await team.tools.api.admin(suspend, {"id": tenant_id}, token=operator.token)).payload("tenantSuspend")
    assert (await team.tools.api.execute(PREVIEW, {"token": token})).data["invitation"] is None
    assert (await team.accept(person, token)).faults("invitationAccept") == INVALID
    if ending == "suspended":
        return
    assert len(await team.members()) == 1
    [listed] = await team.invitations()
    assert listed["status"] == {"expired": "EXPIRED", "revoked": "REVOKED", "resent": "PENDING"}[ending]
    if ending == "resent":
        (await team.accept(person, await team.token_for(person.person.email))).payload("invitationAccept")


async def test_seven_days_less_a_minute_are_still_good(team: Team) -> None:
    """Mission T5."""
    person, token = await invited(team)
    [invitation] = await team.invitations()
    await team.age(invitation, "6 days 23 hours 59 minutes")
    (await team.accept(person, token)).payload("invitationAccept")


async def test_who_is_a_member_already_keeps_the_role(team: Team) -> None:
    """Mission T5. The invitation is used up all the same."""
    person, token = await invited(team, "MEMBER")
    await team.meddle(
        "INSERT INTO memberships (tenant_id, id, person_id, role) "
        "VALUES (:tenant, gen_random_uuid(), :person, 'admin')",
        tenant=team.shop.tenant.id,
        person=person.person.id,
    )
    joined = (await team.accept(person, token)).payload("invitationAccept")["membership"]
    assert joined["role"] == "ADMIN"
    assert [each["status"] for each in await team.invitations()] == ["ACCEPTED"]
    assert (await team.told())[-1] == ("team.join", {"role": "admin"})


# --- inviting


async def test_addresses_are_one_however_they_are_written(team: Team) -> None:
    """Mission T5."""
    word = team.tools.factory.word()
    made = await team.invite(f"  {word.upper()}@People.TEST ")
    assert made["email"] == f"{word}@people.test"
    again = await team.do("invitationCreate", email=f"{word}@PEOPLE.test", role="ADMIN")
    assert again.faults("invitationCreate") == [("TAKEN", ["email"])]
    member = await team.do("invitationCreate", email=team.shop.owner.person.email.upper(), role="MEMBER")
    assert member.faults("invitationCreate") == [("TAKEN", ["email"])]
    assert len(await team.invitations()) == 1


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b@c.test", "x" * 10_000, f"{'x' * 10_000}@people.test", "nour\u0430@people.test", "a\n@x.test"],
)
async def test_what_is_no_address_is_told_and_changes_nothing(team: Team, address: str) -> None:
    """Mission T5. A Cyrillic letter among Latin ones is no address that mail reaches everywhere."""
    refused = await team.do("invitationCreate", email=address, role="MEMBER")
    assert refused.faults("invitationCreate") == [("INVALID", ["email"])]
    assert await team.invitations() == []
    assert await team.told() == []


async def test_an_expired_invitation_makes_room_for_another(team: Team) -> None:
    """Mission T5."""
    person, old = await invited(team)
    await team.age((await team.invitations())[0], "8 days")
    await team.invite(person.person.email, "ADMIN")
    assert [(each["status"], each["role"]) for each in await team.invitations()] == [
        ("PENDING", "ADMIN"),
        ("EXPIRED", "MEMBER"),
    ]
    assert (await team.accept(person, old)).faults("invitationAccept") == INVALID
    (await team.accept(person, await team.token_for(person.person.email))).payload("invitationAccept")
    assert [act for act, _ in await team.told()] == [
        "team.invite",
        "team.invitation_revoke",
        "team.invite",
        "team.join",
    ]


async def test_one_address_is_invited_once_however_many_ask_at_the_same_time(team: Team) -> None:
    """Mission T5."""
    email = f"{team.tools.factory.word()}@people.test"
    replies = await asyncio.gather(*(team.do("invitationCreate", email=email, role="MEMBER") for _ in range(8)))
    assert sorted(len(reply.faults("invitationCreate")) for reply in replies) == [0] + [1] * 7
    assert len(await team.tools.post.to(email)) == 1


async def test_mails_are_limited_by_the_minute_the_day_and_the_open_invitations(team: Team) -> None:
    """Mission T5."""
    for number in range(50):
        await team.invite(f"{team.tools.factory.word()}-{number}@people.test")
    too_many = await team.do("invitationCreate", email="one-more@people.test", role="MEMBER")
    assert too_many.faults("invitationCreate") == [("LIMIT_REACHED", None)]

    invitations = await team.invitations()
    at_once = await team.do("invitationResend", id=invitations[0]["id"])
    assert at_once.faults("invitationResend") == [("LIMIT_REACHED", ["id"])]
    for invitation in invitations:
        await team.age(invitation, "2 minutes")
        (await team.do("invitationResend", id=invitation["id"])).payload("invitationResend")
    await team.age(invitations[0], "2 minutes")
    today = await team.do("invitationResend", id=invitations[0]["id"])
    assert today.faults("invitationResend") == [("LIMIT_REACHED", None)]


async def test_what_was_accepted_or_revoked_can_be_neither_resent_nor_revoked(team: Team) -> None:
    """Mission T5."""
    person, token = await invited(team)
    (await team.accept(person, token)).payload("invitationAccept")
    other = await team.invite(f"{team.tools.factory.word()}@people.test")
    (await team.do("invitationRevoke", id=other["id"])).payload("invitationRevoke")
    for invitation in await team.invitations():
        for field in ("invitationResend", "invitationRevoke"):
            assert (await team.do(field, id=invitation["id"])).faults(field) == [("NOT_FOUND", ["id"])]


async def test_an_invitation_that_was_taken_back_is_not_mailed(team: Team) -> None:
    """Mission T5, N1."""
    email = f"{team.tools.factory.word()}@people.test"
    invitation = await team.invite(email)
    (await team.do("invitationRevoke", id=invitation["id"])).payload("invitationRevoke")
    assert await team.tools.post.to(email) == []


async def test_whoever_is_removed_takes_their_open_invitations_along(team: Team) -> None:
    """Mission T5. Or they could come back by one, under another address."""
    admin = await team.tools.factory.staff(team.shop, "admin")
    accomplice = await team.tools.factory.member()
    await team.invite(accomplice.person.email, "ADMIN", by=admin)
    token = await team.token_for(accomplice.person.email)
    (await team.do("membershipRemove", id=await team.membership_of(admin))).payload("membershipRemove")
    assert (await team.accept(accomplice, token)).faults("invitationAccept") == INVALID
    assert [each["status"] for each in await team.invitations()] == ["REVOKED"]


async def test_invitations_are_listed_by_what_became_of_them(team: Team) -> None:
    """Mission T5. One that had expired when it was taken back has expired."""
    person, token = await invited(team)
    (await team.accept(person, token)).payload("invitationAccept")
    made = {name: await team.invite(f"{name}-{team.tools.factory.word()}@people.test") for name in ENDED}
    for name in ("expired", "late"):
        await team.age(made[name], "8 days")
    for name in ("revoked", "late"):
        (await team.do("invitationRevoke", id=made[name]["id"])).payload("invitationRevoke")
    for status, names in (("PENDING", ["open"]), ("EXPIRED", ["late", "expired"]), ("REVOKED", ["revoked"])):
        found = (await team.ask(INVITATIONS, status=status)).data["tenant"]["invitations"]
        assert {each["status"] for each in found["nodes"]} == {status}
        assert sorted(each["id"] for each in found["nodes"]) == sorted(made[name]["id"] for name in names)
        assert found["totalCount"] == len(names)
    [accepted] = (await team.ask(INVITATIONS, status="ACCEPTED")).data["tenant"]["invitations"]["nodes"]
    assert accepted["email"] == person.person.email
    assert made["open"]["createdAt"] == made["open"]["sentAt"]


# --- roles


async def test_a_changed_role_acts_on_the_next_request_with_the_same_token(team: Team) -> None:
    """Mission T5."""
    person = await team.tools.factory.staff(team.shop, "member")
    membership = await team.membership_of(person)
    colleague = f"{team.tools.factory.word()}@people.test"
    assert (await team.do("invitationCreate", person, email=colleague, role="MEMBER")).status == 403
    (await team.do("membershipUpdate", id=membership, role="ADMIN")).payload("membershipUpdate")
    await team.invite(colleague, by=person)
    (await team.do("membershipUpdate", id=membership, role="MEMBER")).payload("membershipUpdate")
    assert (await team.do("invitationCreate", person, email="x@people.test", role="MEMBER")).status == 403
    (await team.do("membershipRemove", id=membership)).payload("membershipRemove")
    gone = await team.ask(ORDERS, person)
    assert (gone.status, gone.codes) == (403, ["FORBIDDEN"])


@pytest.mark.parametrize("role", ["owner", "admin", "member"])
async def test_the_viewer_learns_what_they_may_do(team: Team, role: str) -> None:
    """Mission T5."""
    person = team.shop.owner if role == "owner" else await team.tools.factory.staff(team.shop, role)
    elsewhere = await team.tools.factory.shop()
    viewer = (await team.ask(PERMISSIONS, person)).data["viewer"]
    assert set(viewer["membership"]["permissions"]) == {each.name for each in permissions_of(role)}
    assert viewer["memberships"][0]["permissions"] == viewer["membership"]["permissions"]
    with counted_statements(team.tools.factory.parts.database) as statements:
        await team.ask(PERMISSIONS, person)
    assert sum("find_memberships" in each for each in statements) == 1
    stranger = await team.tools.api.execute(PERMISSIONS, token=person.token, tenant=elsewhere.slug)
    assert stranger.data["viewer"]["membership"] is None


async def test_an_admin_has_no_power_over_owners(team: Team) -> None:
    """Mission T5."""
    admin, member = (
        await team.tools.factory.staff(team.shop, "admin"),
        await team.tools.factory.staff(team.shop, "member"),
    )
    owner_id, member_id = await team.membership_of(team.shop.owner), await team.membership_of(member)
    email = f"{team.tools.factory.word()}@people.test"
    owners = await team.invite(email, "OWNER")
    before = await team.roles()
    attempts = [
        await team.do("invitationCreate", admin, email="boss@people.test", role="OWNER"),
        await team.do("invitationResend", admin, id=owners["id"]),
        await team.do("invitationRevoke", admin, id=owners["id"]),
        await team.do("membershipUpdate", admin, id=owner_id, role="MEMBER"),
        await team.do("membershipUpdate", admin, id=member_id, role="OWNER"),
        await team.do("membershipRemove", admin, id=owner_id),
        await team.do("ownershipTransfer", admin, id=member_id),
    ]
    assert [attempt.codes for attempt in attempts] == [["FORBIDDEN"]] * len(attempts)
    assert await team.roles() == before
    assert [each["status"] for each in await team.invitations()] == ["PENDING"]
    (await team.do("membershipUpdate", admin, id=member_id, role="ADMIN")).payload("membershipUpdate")
    (await team.do("membershipRemove", admin, id=member_id)).payload("membershipRemove")


async def test_nobody_changes_or_removes_themselves(team: Team) -> None:
    """Mission T5."""
    admin = await team.tools.factory.staff(team.shop, "admin")
    own = await team.membership_of(admin)
    update = await team.do("membershipUpdate", admin, id=own, role="MEMBER")
    assert update.faults("membershipUpdate") == [("INVALID", ["id"])]
    assert (await team.do("membershipRemove", admin, id=own)).faults("membershipRemove") == [("INVALID", ["id"])]
    to_self = await team.do("ownershipTransfer", id=await team.membership_of(team.shop.owner))
    assert to_self.faults("ownershipTransfer") == [("INVALID", ["id"])]


# --- leaving, and the last owner


async def test_a_member_leaves(team: Team) -> None:
    """Mission T5."""
    person = await team.tools.factory.staff(team.shop, "member")
    assert (await team.leave(person)).faults("membershipLeave") == []
    assert (await team.ask(TEAM, person)).status == 403
    assert len(await team.members()) == 1


async def test_the_last_owner_stays(team: Team) -> None:
    """Mission T5."""
    await team.tools.factory.staff(team.shop, "admin")
    own = await team.membership_of(team.shop.owner)
    assert (await team.leave(team.shop.owner)).faults("membershipLeave") == [("LAST_OWNER", None)]
    demoted = await team.do("membershipUpdate", id=own, role="ADMIN")
    assert demoted.faults("membershipUpdate") == [("LAST_OWNER", None)]
    assert (await team.do("membershipRemove", id=own)).faults("membershipRemove") == [("LAST_OWNER", None)]
    assert (await team.roles())[team.shop.owner.person.email] == "OWNER"


async def test_ownership_is_handed_over_at_once(team: Team) -> None:
    """Mission T5."""
    heir = await team.tools.factory.staff(team.shop, "member")
    email = f"{team.tools.factory.word()}@people.test"
    await team.invite(email, "OWNER")
    payload = await team.do("ownershipTransfer", id=await team.membership_of(heir))
    assert payload.payload("ownershipTransfer")["owner"]["person"]["email"] == heir.person.email
    assert await team.roles() == {team.shop.owner.person.email: "ADMIN", heir.person.email: "OWNER"}
    assert [each["status"] for each in await team.invitations()] == ["REVOKED"]
    again = await team.do("ownershipTransfer", id=await team.membership_of(heir))
    assert again.status == 403
    assert (await team.leave(team.shop.owner)).faults("membershipLeave") == []


async def test_of_two_owners_who_leave_at_once_one_stays(team: Team) -> None:
    """Mission T5."""
    for _ in range(5):
        team = Team(team.tools, await team.tools.factory.shop())
        other = await team.tools.factory.staff(team.shop, "owner")
        replies = await asyncio.gather(team.leave(team.shop.owner), team.leave(other))
        faults = sorted(reply.faults("membershipLeave") for reply in replies)
        assert faults == [[], [("LAST_OWNER", None)]]


async def test_of_two_owners_who_turn_on_each_other_one_stays(team: Team) -> None:
    """Mission T5. Who was an owner when the request began need not be one when it is their turn."""
    for field, given in (("membershipUpdate", {"role": "MEMBER"}), ("membershipRemove", {})):
        team = Team(team.tools, await team.tools.factory.shop())
        first, second = team.shop.owner, await team.tools.factory.staff(team.shop, "owner")
        ids = await team.membership_of(first), await team.membership_of(second)
        await asyncio.gather(team.do(field, first, id=ids[1], **given), team.do(field, second, id=ids[0], **given))
        left = [each for each in (first, second) if (await team.ask(TEAM, each)).status == 200]
        owners = [each for each in await team.members(left[0]) if each["role"] == "OWNER"]
        assert len(owners) == 1


async def test_two_hand_overs_at_once_make_one_owner(team: Team) -> None:
    """Mission T5."""
    heirs = [await team.tools.factory.staff(team.shop, "admin") for _ in range(4)]
    ids = [await team.membership_of(heir) for heir in heirs]
    replies = await asyncio.gather(*(team.do("ownershipTransfer", id=each) for each in ids))
    assert sorted(reply.codes for reply in replies) == [[]] + [["FORBIDDEN"]] * 3
    assert sorted(each["role"] for each in await team.members(heirs[0])) == ["ADMIN"] * 4 + ["OWNER"]


async def test_what_a_team_knows_is_for_the_team(team: Team) -> None:
    """Mission T5, T3."""
    other = await team.tools.factory.shop()
    foreign = Team(team.tools, other)
    membership, invitation = await foreign.membership_of(other.owner), await foreign.invite("a@people.test")
    attempts: Mapping[str, dict[str, Any]] = {
        "membershipUpdate": {"id": membership, "role": "MEMBER"},
        "membershipRemove": {"id": membership},
        "invitationResend": {"id": invitation["id"]},
        "invitationRevoke": {"id": invitation["id"]},
    }
    for field, given in attempts.items():
        assert (await team.do(field, **given)).faults(field) == [("NOT_FOUND", ["id"])]
    assert (await foreign.invitations())[0]["status"] == "PENDING"
    assert (await team.ask(TEAM, other.owner)).status == 403


def test_every_permission_has_its_name_in_the_schema() -> None:
    """Mission T5."""
    assert {each.name: each.value for each in Named} == {each.name: each.value for each in Permission}
