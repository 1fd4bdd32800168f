"""Where the deployment asks for a second factor, owners, admins and operators can do nothing without one."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from bootstrap import Parts, build_parts
from db.queries.identity import write_password
from db.session import Scope
from gql.access import Access, Door
from gql.errors import ErrorCode
from gql.pipeline import doors_of
from gql.schema import admin_schema
from integrations.passwords import Argon2Passwords
from settings import Settings
from tests.support.api import Api, Reply, running_api
from tests.support.authorisation.audiences import PRIVILEGED, PUBLIC, Audience
from tests.support.authorisation.inputs import INPUTS
from tests.support.authorisation.open_doors import api_without_doors
from tests.support.authorisation.runs import Run
from tests.support.authorisation.selections import argument_types, core, roots_of, routes_of
from tests.support.authorisation.stage import Stage
from tests.support.factories import Factory, Member, Shop
from tests.support.mail import Post
from tests.support.people import PASSWORD, Person
from tests.support.tools import Tools

EVERYTHING = core(admin_schema)
DOORS: Mapping[tuple[str, str], Access] = dict(doors_of(EVERYTHING))
LOST = 403, ["MFA_REQUIRED"], None
GUARDED = [Audience.OWNER, Audience.ADMIN]
UPDATE = 'mutation { tenantUpdate(input: {contactPhone: "+965 5000 1234"}) { userErrors { code } } }'
NAME = "{ tenant { slug } }"


def told(reply: Reply) -> tuple[int, list[str], Any]:
    return reply.status, reply.codes, reply.body.get("data")


def mutations_behind(*doors: Door) -> list[str]:
    """Documents that get past validation; without their variables they do nothing behind the door either."""
    named = {name for (operation, name), access in DOORS.items() if operation == "mutation" and access.door in doors}
    return [asking(root.name, root.definition) for root in roots_of(EVERYTHING, "mutation") if root.name in named]


def asking(name: str, definition: Any) -> str:
    if not definition.args:
        return f"mutation {{ {name} {{ __typename }} }}"
    kind = argument_types(definition)["input"]
    return f"mutation($input: {kind}) {{ {name}(input: $input) {{ __typename }} }}"


CHEAP = Argon2Passwords(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="module")
def strict_parts(settings: Settings) -> Parts:
    """The product as it is in production."""
    strict = settings.model_copy(update={"mfa_required": True})
    return build_parts(strict, passwords=CHEAP)


@pytest.fixture(scope="module")
async def strict(strict_parts: Parts) -> AsyncGenerator[Api]:
    async with running_api(strict_parts) as running:
        yield running


async def enrolled(api: Api, post: Post, member: Member) -> Member:
    """The same member, given a password, after setting up a second factor in this very session."""
    async with post.parts.database.write(Scope(person_id=member.person.id)) as session:
        await write_password(session, password_hash=await CHEAP.hash(PASSWORD))
    await Person(api, post, member.person.email).enrol(member.token)
    return member


@pytest.mark.parametrize("audience", GUARDED, ids=lambda each: each.name.lower())
async def test_owners_and_admins_do_nothing_in_the_back_office_without_one(
    tools: Tools, strict: Api, audience: Audience
) -> None:
    """Mission T6. Every field and every mutation that the schema has behind that door."""
    stage = await Stage.set_up(tools, audience)
    member = stage.member
    assert member is not None
    routes = [route for route in routes_of(EVERYTHING, Run(stage).grants) if route.name == "tenant"]
    fields = [each.text(stage.arguments) for route in routes for each in route.below]
    assert len(fields) > 15
    documents = [f"{{ tenant {{ {field} }} }}" for field in fields]
    mutations = mutations_behind(Door.TENANT)
    assert len(mutations) > 15
    for document in (*documents, *mutations):
        reply = await strict.execute(document, token=member.token, tenant=stage.shop.slug)
        assert told(reply) == LOST, document

    await enrolled(strict, tools.post, member)
    (await strict.execute(UPDATE, token=member.token, tenant=stage.shop.slug)).payload("tenantUpdate")
    for document in documents:
        reply = await strict.execute(document, token=member.token, tenant=stage.shop.slug)
        assert reply.status == 200, (document, reply.body)
        assert ErrorCode.MFA_REQUIRED.value not in reply.codes
    for document in mutations:
        reply = await strict.execute(document, token=member.token, tenant=stage.shop.slug)
        assert ErrorCode.MFA_REQUIRED.value not in reply.codes, document


async def test_behind_an_open_door_they_have_no_permission_either(tools: Tools, strict_parts: Parts) -> None:
    """Mission T6. The door is not the lock."""
    stage = await Stage.set_up(tools, Audience.OWNER)
    run = Run(stage)
    async with api_without_doors(strict_parts) as opened:
        for root in roots_of(EVERYTHING, "mutation"):
            if DOORS["mutation", root.name].door not in (Door.TENANT, Door.PLATFORM):
                continue
            document, variables = run.mutation(root, await INPUTS[root.name](stage))
            before = await tools.rows()
            by = stage.operator if DOORS["mutation", root.name].door is Door.PLATFORM else stage.shop.owner
            reply = await opened.execute(document, variables, token=by.token, tenant=stage.shop.slug, path=PRIVILEGED)
            assert (reply.status, reply.codes) == (200, ["FORBIDDEN"]), (root.name, reply.body)
            assert await tools.rows() == before, root.name


async def test_what_belongs_to_staff_alone_is_hidden_from_them(tools: Tools, strict: Api) -> None:
    """Mission T6. Wherever the schema leads to it."""
    stage = await Stage.set_up(tools, Audience.OWNER)
    order = stage.arguments["Query.node on Order"]
    document = f"{{ node({order}) {{ id }} }}"
    assert (await strict.execute(document, token=stage.token, tenant=stage.shop.slug)).data["node"] is None
    stock = f"{{ store {{ item({stage.arguments['Store.item']}) {{ variants {{ stock }} }} }} }}"
    reply = await strict.execute(stock, token=stage.token, tenant=stage.shop.slug)
    assert reply.codes == ["FORBIDDEN"] * 2
    permissions = "{ viewer { membership { role permissions } } }"
    reply = await strict.execute(permissions, token=stage.token, tenant=stage.shop.slug)
    assert reply.data["viewer"]["membership"] == {"role": "OWNER", "permissions": []}

    await enrolled(strict, tools.post, stage.shop.owner)
    assert (await strict.execute(document, token=stage.token, tenant=stage.shop.slug)).data["node"] is not None
    assert (await strict.execute(stock, token=stage.token, tenant=stage.shop.slug)).data["store"] is not None
    reply = await strict.execute(permissions, token=stage.token, tenant=stage.shop.slug)
    assert len(reply.data["viewer"]["membership"]["permissions"]) > 5


async def test_a_member_and_a_shopper_go_on(strict: Api, factory: Factory, shop: Shop) -> None:
    """Mission T6."""
    member, outsider = await factory.staff(shop, "member"), await factory.member()
    assert (await strict.execute(NAME, token=member.token, tenant=shop.slug)).data["tenant"]["slug"] == shop.slug
    for token in (None, outsider.token, shop.token):
        assert (await strict.execute("{ store { slug } }", token=token, tenant=shop.slug)).status == 200


async def test_they_can_set_it_up_and_their_other_sessions_must_sign_in_anew(
    strict: Api, factory: Factory, post: Post, shop: Shop
) -> None:
    """Mission T6."""
    owner = shop.owner
    person, elsewhere = Person(strict, post, owner.person.email), await factory.another_session(owner)
    assert (await person.view(owner.token)).status == 200
    state = await person.mfa(owner.token, tenant=shop.slug)
    assert (state["isRequired"], state["isGivenInSession"]) == (True, False)
    assert (await person.mfa(owner.token))["isRequired"] is False
    assert told(await strict.execute(NAME, token=owner.token, tenant=shop.slug)) == LOST
    await enrolled(strict, post, owner)
    assert (await strict.execute(NAME, token=owner.token, tenant=shop.slug)).status == 200
    assert (await person.view(elsewhere.token)).status == 401


async def test_operators_have_neither_endpoint_nor_door_without_one(tools: Tools, strict: Api) -> None:
    """Mission T9."""
    operator = await tools.factory.operator()
    for document in ("{ __typename }", "{ viewer { person { id } } }", "{ platform { __typename } }", "{ nonsense }"):
        reply = await strict.execute(document, token=operator.token, path=PRIVILEGED)
        assert told(reply) == LOST, document
    assert len(mutations_behind(Door.PLATFORM)) >= 3
    for document in mutations_behind(*Door):
        reply = await strict.execute(document, token=operator.token, path=PRIVILEGED)
        assert told(reply) == LOST, document

    person = Person(strict, tools.post, operator.person.email)
    assert (await person.mfa(operator.token))["isRequired"] is True
    await enrolled(strict, tools.post, operator)
    for document in ("{ __typename }", "{ platform { tenants(first: 1) { totalCount } } }"):
        assert (await strict.execute(document, token=operator.token, path=PRIVILEGED)).status == 200
    for document in mutations_behind(Door.PLATFORM):
        reply = await strict.execute(document, token=operator.token, path=PRIVILEGED)
        assert (reply.status, reply.codes) == (200, ["BAD_USER_INPUT"]), document
    outside = await strict.execute("{ platform { __typename } }", token=operator.token, path=PUBLIC)
    assert outside.codes == ["GRAPHQL_VALIDATION_FAILED"]


async def test_without_the_setting_nobody_is_asked_for_one(api: Api, shop: Shop) -> None:
    assert (await api.execute(NAME, token=shop.token, tenant=shop.slug)).status == 200
