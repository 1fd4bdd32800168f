"""Guests' carts: whoever has the id may read and change one, signed in or not."""

import uuid

from domain.actors import Actor
from domain.carts import Cart, CartChange, GuestCarts, no_such_cart
from domain.errors import FaultCode, UserFault


async def change(guest_carts: GuestCarts, *, actor: Actor, cart_id: uuid.UUID | None, change: CartChange) -> Cart:
    """Change a guest's cart; without an id, whatever is added goes into a new one.

    Faults: NOT_FOUND, REQUIRED id; what `domain.carts.changed` raises.
    """
    if cart_id is None:
        if not change.added:
            raise id_required()
        return await guest_carts.create(actor.tenant, change)
    found = await guest_carts.change(actor.tenant, cart_id, change)
    if found is None:
        raise no_such_cart()
    return found


async def delete(guest_carts: GuestCarts, *, actor: Actor, cart_id: uuid.UUID | None) -> uuid.UUID:
    """Delete a guest's cart; its id. Faults: NOT_FOUND, REQUIRED id."""
    if cart_id is None:
        raise id_required()
    if not await guest_carts.delete(actor.tenant, cart_id):
        raise no_such_cart()
    return cart_id


def id_required() -> UserFault:
    return UserFault(FaultCode.REQUIRED, "A guest names the cart.", ("cartId",))
