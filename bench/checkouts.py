"""Checkouts of guests' carts, beside a hand that does the same: of all sorts of things, and all of the same thing."""

import random
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from redis import Redis
from typeid.codecs.base32 import decode, encode

from bench.catalogue import Catalogue, Shop
from bench.traffic import body, message

WORKS = ("checkout spread", "checkout one")
SHIPPING = Decimal("1.500")
CARTS_A_SECOND = 3_000
"""More than anybody checks out."""

CHECKOUT = """mutation Checkout($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) {
    order { id number total { amount currency } lines { id quantity total { amount } } }
    userErrors { code message }
  }
}"""
ADDRESS = {
    "governorate": "HAWALLI",
    "area": "Salmiya",
    "block": "3",
    "street": "Salem Al-Mubarak",
    "building": "12",
    "recipient": "Noura",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A guest's cart as it is in Redis, and what it comes to with shipping."""

    shop: Shop
    id: bytes
    lines: Sequence[tuple[str, int]]

    @property
    def total(self) -> Decimal:
        return sum((Decimal(self.shop.prices[variant]) * count for variant, count in self.lines), SHIPPING)

    @property
    def key(self) -> str:
        return f"sadu:cart:{uuid.UUID(self.shop.id).hex}:{self.id.hex()}"

    @property
    def fields(self) -> dict[str, str]:
        """As Sadu keeps it: place, quantity and price of each line."""
        lines: dict[str, str] = {}
        for place, (variant, count) in enumerate(self.lines, 1):
            name = bytes(decode(variant.removeprefix("variant_"))).hex()
            lines[f"line:{name}"] = f"{place} {count} {self.shop.prices[variant]}"
        return {"edition": "0", **lines}

    @property
    def request(self) -> bytes:
        given = {
            "idempotencyKey": secrets.token_hex(16),
            "cartId": "guestcart_" + encode(self.id),
            "customer": {"name": "Noura Al-Sabah", "email": "noura@people.test", "phone": "+965 5000 1234"},
            "shippingAddress": {"kuwait": ADDRESS},
            "shippingRateId": self.shop.rate,
            "paymentProvider": "MANUAL",
            "expectedTotal": str(self.total),
        }
        return body("Checkout", CHECKOUT, {"input": given})


def cart_of(shop: Shop, *lines: tuple[str, int]) -> Filled:
    return Filled(shop, secrets.token_bytes(16), lines)


def carts_for(work: str, catalogue: Catalogue, chance: random.Random, count: int) -> list[Filled]:
    """Two of all sorts in all shops; or one and the same thing."""
    if work == "checkout one":
        return [cart_of(catalogue.shops[0], (catalogue.shops[0].limited, 1)) for _ in range(count)]
    made: list[Filled] = []
    for _ in range(count):
        shop = chance.choice(catalogue.shops)
        first, second = chance.sample(shop.variants, 2)
        made.append(cart_of(shop, (first, 1), (second, chance.randint(1, 3))))
    return made


def redis_at(url: str) -> Any:
    """Valkey, as the load generator and the checks see it."""
    return cast("Any", Redis).from_url(url)


def fill(redis_url: str, carts: Sequence[Filled]) -> None:
    """Put carts where Sadu looks for them."""
    with redis_at(redis_url) as redis, redis.pipeline(transaction=False) as pipeline:
        for number, cart in enumerate(carts):
            pipeline.hset(cart.key, mapping=cart.fields)
            if number % 1_000 == 999:
                pipeline.execute()
        pipeline.execute()


def requests_of(work: str, catalogue: Catalogue, redis_url: str, seconds: float) -> list[bytes]:
    """Checkouts of carts that are filled by then."""
    carts = carts_for(work, catalogue, random.Random(secrets.randbits(64)), int(CARTS_A_SECOND * (seconds + 1)))
    fill(redis_url, carts)
    return [message(cart.shop, cart.request) for cart in carts]
