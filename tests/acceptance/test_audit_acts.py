"""What an entry of the audit log tells: the act, by whom, and the address that it was asked from."""

from dataclasses import dataclass

import pytest

from bootstrap import Parts, build_parts
from db.queries.identity import record_account_act
from db.session import Scope
from domain import audit
from domain.actors import Actor, ActorKind
from domain.acts import Act
from gql.ids import global_id, known_id
from settings import Settings
from tests.support.api import running_api
from tests.support.api_keys import Keyring
from tests.support.factories import Shop
from tests.support.team import AUDIT, Team
from tests.support.tools import Tools

ACTORS = "{ tenant { auditEntries(first: 3) { nodes { act actor { id name email } } } } }"
UPDATE = 'mutation { tenantUpdate(input: {brandPrimary: "#123456"}) { userErrors { code } } }'
SUBSCRIBER = "2001:db8:1:2:3:4:5:6"


@dataclass(frozen=True, slots=True)
class Log:
    """A shop's audit log, to be read and written."""

    team: Team
    parts: Parts

    async def told(self, **variables: object) -> list[tuple[str, str]]:
        return [(each["act"], each["actName"]) for each in await self.team.audit(**variables)]


@pytest.fixture
def log(tools: Tools, shop: Shop, parts: Parts) -> Log:
    return Log(Team(tools, shop), parts)


async def test_an_act_that_this_release_does_not_know_breaks_nothing(log: Log) -> None:
    """Mission T5."""
    owner = log.team.shop.owner
    async with log.parts.database.write(Scope(person_id=owner.person.id)) as session:
        await record_account_act(session, act="account.dance")
        await record_account_act(session, act=Act.ACCOUNT_UPDATE)
    known, new = [("TENANT_CREATE", "tenant.create"), ("ACCOUNT_UPDATE", "account.update")], ("OTHER", "account.dance")
    assert sorted(await log.told()) == sorted([*known, new])
    assert await log.told(act="OTHER") == [new]
    assert await log.told(act="ACCOUNT_UPDATE") == [known[1]]
    found = (await log.team.ask(AUDIT, act="OTHER")).data["tenant"]["auditEntries"]
    assert found["totalCount"] == 1


async def test_people_and_programs_are_told_by_their_identifiers(log: Log) -> None:
    """Mission T5, T8."""
    shop = log.team.shop
    made = (await Keyring(log.team.tools.api, shop).make(name="Till"))["apiKey"]
    program = Actor(ActorKind.API_KEY, shop.tenant.id, key_id=known_id("key", made["id"]))
    async with log.parts.database.write(program.scope) as session:
        audit.record(session, actor=program, act=Act.TENANT_UPDATE)
    nodes = (await log.team.ask(ACTORS)).data["tenant"]["auditEntries"]["nodes"]
    owner = shop.owner.person
    person = {"id": global_id("person", owner.id), "name": owner.name, "email": owner.email}
    assert [each["actor"] for each in nodes] == [{"id": made["id"], "name": "Till", "email": None}, person, person]


@pytest.mark.parametrize(
    ("told", "kept"), [(f"[{SUBSCRIBER}]:443", SUBSCRIBER), ("203.0.113.9:50123", "203.0.113.9"), ("unknown", None)]
)
async def test_the_whole_address_is_kept(log: Log, settings: Settings, told: str, kept: str | None) -> None:
    """Mission T5, X5. What is counted is the network around it."""
    behind_a_proxy = build_parts(settings.model_copy(update={"trusted_proxies": 1}))
    async with running_api(behind_a_proxy) as api:
        asked = {"x-forwarded-for": f"198.51.100.1, {told}"}
        changed = await api.execute(UPDATE, token=log.team.shop.token, tenant=log.team.shop.slug, headers=asked)
        changed.payload("tenantUpdate")
    (entry,) = await log.team.audit(act="TENANT_UPDATE")
    assert entry["address"] == kept
