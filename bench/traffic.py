"""The requests that are sent: whole HTTP messages, made before the clock runs."""

import json
import random
from collections.abc import Iterator
from typing import Any

from bench.catalogue import Catalogue, Shop

PAGE = 24

LIST = """query List($first: Int!) {
  store { items(first: $first) {
    nodes {
      id slug name { en ar } price { amount currency } isAvailable
      categories { id name { en } }
      variants { id sku price { amount } availability }
    }
    pageInfo { hasNextPage endCursor }
  } }
}"""

ITEM = """query Item($slug: String!) {
  store { item(slug: $slug) {
    id slug name { en ar } description { en ar }
    variants {
      id sku name { en ar } price { amount currency } compareAtPrice { amount currency } availability
    }
    categories { id name { en ar } }
  } }
}"""

ORDER = """mutation Order($input: OrderSubmitInput!) {
  orderSubmit(input: $input) {
    order { id number total { amount currency } lines { id quantity total { amount } } }
    userErrors { code message }
  }
}"""

VISIT = """mutation Visit($input: VisitRecordInput!) {
  visitRecord(input: $input) { visitId expiresAt userErrors { code message } }
}"""

CATEGORY = """query Category($slug: String!, $first: Int!) {
  store { items(first: $first, category: $slug) { nodes { id slug } } }
}"""

SHELF = """query Shelf($slug: String!, $first: Int!) {
  store { category(slug: $slug) { items(first: $first) { nodes { id slug } } } }
}"""

ORDERS = """query Orders($first: Int!) { tenant { orders(first: $first) { nodes { id number } } } }"""

KEY = "idempotency-key-of-32-characters"
TEMPLATES = 2_000
VISITS_OF_EACH = 100


def body(operation: str, query: str, variables: dict[str, Any]) -> bytes:
    """A GraphQL request as JSON."""
    return json.dumps(
        {"operationName": operation, "query": query, "variables": variables}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def message(shop: Shop, content: bytes, token: str | None = None) -> bytes:
    """A GraphQL request as an HTTP message to a shop; without a token as a guest sends it."""
    credentials = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        "POST /graphql HTTP/1.1\r\nHost: api.sadu.test\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nSadu-Tenant: {shop.slug}\r\n{credentials}"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def list_body() -> bytes:
    return body("List", LIST, {"first": PAGE})


def item_body(slug: str) -> bytes:
    return body("Item", ITEM, {"slug": slug})


def order_body(variants: list[str], quantities: list[int], key: str) -> bytes:
    lines = [{"variantId": each, "quantity": count} for each, count in zip(variants, quantities, strict=True)]
    customer = {"name": "Noura Al-Sabah", "email": "noura@people.test", "phone": "+965 5000 1234"}
    return body("Order", ORDER, {"input": {"idempotencyKey": key, "customer": customer, "lines": lines}})


def visits(catalogue: Catalogue, chance: random.Random) -> list[bytes]:
    """First visits of many kinds to each shop."""
    return [message(shop, visit_body(chance)) for shop in catalogue.shops for _ in range(VISITS_OF_EACH)]


def visit_body(chance: random.Random) -> bytes:
    utm = {
        "source": chance.choice(("instagram", "google", "newsletter", "tiktok")),
        "medium": chance.choice(("cpc", "social", "email")),
        "campaign": f"campaign-{chance.randint(1, 30)}",
        "content": f"picture-{chance.randint(1, 30)}",
    }
    given = {"referrer": "https://l.instagram.com/", "landingPage": f"/items/item-number-{chance.randint(1, 999)}"}
    return body("Visit", VISIT, {"input": {"utm": utm, **given}})


def lists(catalogue: Catalogue, caller: str | None = None) -> list[bytes]:
    """The first page of every shop, asked for by a guest or by somebody known there."""
    return [message(shop, list_body(), shop.tokens[caller] if caller else None) for shop in catalogue.shops]


def items(catalogue: Catalogue) -> list[bytes]:
    """The page of every item."""
    return [message(shop, item_body(slug)) for shop in catalogue.shops for slug in shop.items]


def order_templates(catalogue: Catalogue, chance: random.Random) -> list[tuple[bytes, bytes]]:
    """Orders of two random variants, parted where the idempotency key stands."""
    made: list[tuple[bytes, bytes]] = []
    for _ in range(TEMPLATES):
        shop = chance.choice(catalogue.shops)
        content = order_body(chance.sample(shop.variants, 2), [1, chance.randint(1, 3)], KEY)
        before, _, behind = message(shop, content).partition(KEY.encode())
        made.append((before, behind))
    return made


class Traffic:
    """An endless supply of random requests of each kind. `seed` also keeps the idempotency keys of runs apart."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self._chance = random.Random(seed)
        self._seed = seed
        self._count = 0
        self.fixed = {
            "list": lists(catalogue),
            "list by person": lists(catalogue, "person"),
            "list by key": lists(catalogue, "key"),
            "item": items(catalogue),
            "visit": visits(catalogue, self._chance),
        }
        self._orders = order_templates(catalogue, self._chance)

    def endless(self, work: str) -> Iterator[bytes]:
        """Requests of `fixed`, `order` or `mixed`: of 100 are 80 lists, 15 items and 5 orders."""
        choose = self._chance.random
        while True:
            kind = work
            if work == "mixed":
                drawn = choose()
                kind = "list" if drawn < 0.80 else "item" if drawn < 0.95 else "order"
            if kind == "order":
                yield self._order()
            else:
                known = self.fixed[kind]
                yield known[int(choose() * len(known))]

    def _order(self) -> bytes:
        before, behind = self._orders[int(self._chance.random() * TEMPLATES)]
        self._count += 1
        return before + b"%016x%016x" % (self._seed, self._count) + behind
