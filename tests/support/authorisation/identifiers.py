"""Every place of the public schema that an identifier can be put into, and every identifier of another tenant."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema
from sqlalchemy import text

from db.models import new_id
from gql.ids import PREFIXES, global_id
from tests.support.authorisation.inputs import INPUTS, Given
from tests.support.authorisation.selections import Asked, argument_types, fields_of, path_to, roots_of
from tests.support.authorisation.stage import Stage
from tests.support.factories import Shop

Path = tuple[str | int, ...]

OF_A_TENANT: Mapping[str, str] = {
    "address": "SELECT id FROM customer_addresses WHERE tenant_id = :tenant",
    "audit": "SELECT id FROM audit_entries WHERE tenant_id = :tenant",
    "cart": "SELECT id FROM carts WHERE tenant_id = :tenant",
    "category": "SELECT id FROM categories WHERE tenant_id = :tenant",
    "customer": "SELECT id FROM customers WHERE tenant_id = :tenant",
    "discount": "SELECT id FROM discounts WHERE tenant_id = :tenant",
    "entry": "SELECT id FROM timeline_entries WHERE tenant_id = :tenant",
    "export": "SELECT id FROM catalog_exports WHERE tenant_id = :tenant",
    "guestcart": "SELECT guest_cart_id FROM cart_merges WHERE tenant_id = :tenant",
    "import": "SELECT id FROM catalog_imports WHERE tenant_id = :tenant",
    "invitation": "SELECT id FROM invitations WHERE tenant_id = :tenant",
    "item": "SELECT id FROM catalog_items WHERE tenant_id = :tenant",
    "key": "SELECT id FROM api_keys WHERE tenant_id = :tenant",
    "line": "SELECT id FROM order_lines WHERE tenant_id = :tenant",
    "media": "SELECT id FROM media_assets WHERE tenant_id = :tenant",
    "membership": "SELECT id FROM memberships WHERE tenant_id = :tenant",
    "option": "SELECT id FROM catalog_options WHERE tenant_id = :tenant",
    "order": "SELECT id FROM orders WHERE tenant_id = :tenant",
    "payment": "SELECT id FROM payments WHERE tenant_id = :tenant",
    "person": "SELECT person_id FROM memberships WHERE tenant_id = :tenant",
    "rate": "SELECT id FROM shipping_rates WHERE tenant_id = :tenant",
    "refund": "SELECT id FROM refunds WHERE tenant_id = :tenant",
    "tenant": "SELECT id FROM tenants WHERE id = :tenant",
    "transaction": "SELECT id FROM payment_transactions WHERE tenant_id = :tenant",
    "value": "SELECT id FROM catalog_option_values WHERE tenant_id = :tenant",
    "variant": "SELECT id FROM catalog_variants WHERE tenant_id = :tenant",
    "visit": "SELECT id FROM visits WHERE tenant_id = :tenant",
    "zone": "SELECT id FROM shipping_zones WHERE tenant_id = :tenant",
}
"""Where the things of each prefix are kept."""
NEVER_AT_FAULT = frozenset({"visitId", "shippingRateId", "variantIds"})
"""What names nothing is as good as left out: that another tenant's does, `tests/acceptance/test_visits.py` asks.

A cart keeps the rate that a shopper chose; whether there is one, and what it costs, is told at checkout. A variant that
is to leave a cart and is not in it has left it already.
"""

INSTEAD = {"orderId": "orderToken"}
"""What says in another way what an identifier says."""


async def identifiers_of(stage: Stage, shop: Shop) -> dict[str, list[str]]:
    """The identifiers of everything that a tenant has, by prefix."""
    found: dict[str, list[str]] = {}
    for prefix, query in OF_A_TENANT.items():
        rows = await stage.tools.superuser.execute(text(query), {"tenant": shop.tenant.id})
        found[prefix] = [global_id(prefix, row_id) for row_id in rows.scalars()]
    return found


def invented(count: int) -> list[str]:
    """Identifiers that name nothing, of every prefix in turn."""
    prefixes = sorted(PREFIXES)
    return [global_id(prefixes[number % len(prefixes)], new_id()) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Place:
    """A document, its variables, and where in them an identifier goes."""

    name: str
    document: str
    variables: Mapping[str, Any]
    path: Path

    def holding(self, identifier: str) -> Mapping[str, Any]:
        return put(self.variables, self.path, identifier)


def put(container: Any, path: Path, identifier: str) -> Any:
    """A copy of the container with the identifier in its place; a list holds nothing else."""
    if not path:
        return identifier
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        return [put(container[0] if container else None, rest, identifier)]
    inside: dict[str, Any] = container or {}
    return {**inside, key: put(inside.get(key), rest, identifier)}


async def places(schema: GraphQLSchema, stage: Stage) -> list[Place]:
    """Each argument of a field, and each field of a mutation's input, that takes an identifier or several."""
    found = list(places_in_queries(schema, stage))
    for mutation in roots_of(schema, "mutation"):
        paths = [path for path in paths_in(mutation) if NEVER_AT_FAULT.isdisjoint(path)]
        given = await INPUTS[mutation.name](stage) if paths else None
        found.extend(place_in(mutation, path, alone(path, given)) for path in paths)
    return found


def alone(path: Path, given: Given) -> Given:
    """The input without what may stand in the identifier's place, and not beside it."""
    other = INSTEAD.get(str(path[-1]))
    return {name: value for name, value in given.items() if name != other} if given else given


def places_in_queries(schema: GraphQLSchema, stage: Stage) -> Iterator[Place]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__") and kind is not schema.mutation_type:
            for field, definition in fields_of(kind).items():
                for name, argument in argument_types(definition).items():
                    for path in identifier_paths(argument, (name,)):
                        row = f"{kind.name}.{field}"
                        said = {**stage.arguments, row: f"{name}: ${name}"}
                        document = f"query(${name}: {argument}) {{ {path_to(schema, row).text(said)} }}"
                        yield Place(f"{row}({name})", document, {}, path)


def paths_in(mutation: Asked) -> Iterator[Path]:
    for name, argument in argument_types(mutation.definition).items():
        yield from identifier_paths(argument, (name,))


def place_in(mutation: Asked, path: Path, given: Given) -> Place:
    payload = fields_of(mutation.kind)
    mutation.below = [Asked(mutation.kind.name, "userErrors", payload["userErrors"])]
    if "results" in payload:
        rows = Asked(mutation.kind.name, "results", payload["results"])
        rows.below = [Asked(rows.kind.name, "userErrors", fields_of(rows.kind)["userErrors"])]
        mutation.below.append(rows)
    kind = argument_types(mutation.definition)["input"]
    document = f"mutation($input: {kind}) {{ {mutation.text({mutation.row: 'input: $input'})} }}"
    return Place(f"{mutation.row}{path}", document, {"input": given}, path)


def identifier_paths(kind: Any, path: Path) -> Iterator[Path]:
    """Paths from a value of an input type to the identifiers in it."""
    if isinstance(kind, GraphQLNonNull):
        yield from identifier_paths(cast("Any", kind).of_type, path)
    elif isinstance(kind, GraphQLList):
        yield from identifier_paths(cast("Any", kind).of_type, (*path, 0))
    elif isinstance(kind, GraphQLInputObjectType):
        for name, field in cast("dict[str, Any]", kind.fields).items():
            yield from identifier_paths(field.type, (*path, name))
    elif kind.name == "ID":
        yield path


def in_batches(identifiers: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(identifiers), size):
        yield identifiers[start : start + size]
