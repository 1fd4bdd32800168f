"""The columns of the matrix, and how a row names those whom it is for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, unique

from domain.actors import KEY_SCOPES
from tests.support.factories import Factory, Member, Shop

PUBLIC, PRIVILEGED = "/graphql", "/admin/graphql"

SignIn = Callable[[Factory, Shop], Awaitable[Member | None]]


async def nobody(_factory: Factory, _shop: Shop) -> None:
    return None


async def somebody(factory: Factory, _shop: Shop) -> Member:
    return await factory.member()


async def a_customer(factory: Factory, shop: Shop) -> Member:
    return await factory.customer(shop)


async def a_member(factory: Factory, shop: Shop) -> Member:
    return await factory.staff(shop, "member")


async def an_admin(factory: Factory, shop: Shop) -> Member:
    return await factory.staff(shop, "admin")


async def the_owner(_factory: Factory, shop: Shop) -> Member:
    return shop.owner


async def another_owner(factory: Factory, _shop: Shop) -> Member:
    return (await factory.shop()).owner


async def a_program(factory: Factory, shop: Shop) -> Member:
    return await factory.api_key(shop, *(scope.value for scope in KEY_SCOPES))


async def a_program_without_scope(factory: Factory, shop: Shop) -> Member:
    return await factory.api_key(shop)


async def an_operator(factory: Factory, _shop: Shop) -> Member:
    return await factory.operator()


@unique
class Audience(Enum):
    """Who asks, and where; all of them name the same tenant. Another audience is one line here.

    It belongs to `EVERYONE` and `SIGNED_IN` from then on, so every row that it does not deserve turns red.
    """

    GUEST = nobody, PUBLIC
    OUTSIDER = somebody, PUBLIC
    CUSTOMER = a_customer, PUBLIC
    MEMBER = a_member, PUBLIC
    ADMIN = an_admin, PUBLIC
    OWNER = the_owner, PUBLIC
    FOREIGN_OWNER = another_owner, PUBLIC
    API_KEY = a_program, PUBLIC
    API_KEY_WITHOUT_SCOPE = a_program_without_scope, PUBLIC
    OPERATOR = an_operator, PUBLIC
    CENTER_CONTROL = an_operator, PRIVILEGED

    @property
    def sign_in(self) -> SignIn:
        return self.value[0]

    @property
    def endpoint(self) -> str:
        return self.value[1]


Audiences = frozenset[Audience]

EVERYONE: Audiences = frozenset(Audience)
KEYS: Audiences = frozenset({Audience.API_KEY, Audience.API_KEY_WITHOUT_SCOPE})
SIGNED_IN: Audiences = EVERYONE - {Audience.GUEST} - KEYS
CUSTOMERS: Audiences = frozenset({Audience.CUSTOMER})
STAFF: Audiences = frozenset({Audience.MEMBER, Audience.ADMIN, Audience.OWNER})
MANAGERS: Audiences = STAFF - {Audience.MEMBER}
OWNERS: Audiences = frozenset({Audience.OWNER})
DESK: Audiences = STAFF | {Audience.API_KEY}
"""Whoever works on catalogue and orders."""
INSIDE: Audiences = STAFF | KEYS
"""Whoever gets into the back office, be it to find every door locked."""
CENTER: Audiences = frozenset({Audience.CENTER_CONTROL})


class Refusal(Enum):
    """What stands in the place of a field that is not for the audience, though what it belongs to is."""

    FORBIDDEN = "null, and an error `FORBIDDEN`"
    NULL = "null, as if there were nothing"


@dataclass(frozen=True, slots=True)
class Row:
    """Whom a field is for. `others` is how it refuses those who get as far as the field.

    Without `others` nobody else gets so far: a root field is refused by its door (401 to a guest, 403 to anybody else),
    and what is below a refused field is never reached.
    """

    audiences: Audiences
    others: Refusal | None = None


def only(audiences: Audiences, *, others: Refusal) -> Row:
    return Row(audiences, others)
