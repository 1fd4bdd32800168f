"""What shoppers do with carts, and a guest's that becomes a customer's when they sign in."""

from dataclasses import replace
from uuid import UUID

import strawberry

from domain import cart_edits, cart_merges, carts, guest_carts
from gql.access import CUSTOMER, STORE
from gql.cart_inputs import (
    CartDeleteInput,
    CartLinesAddInput,
    CartLinesRemoveInput,
    CartLinesUpdateInput,
    CartMergeInput,
    CartUpdateInput,
    added_lines,
    cart_edit,
    kept_lines,
)
from gql.carts import Cart, NamedCart, changed, guests_cart, shown
from gql.context import Info
from gql.cost import CODE, usually
from gql.ids import global_id, known_id, row_id
from gql.roots import Payload, mutation


@strawberry.type(description="The cart that was changed.")
class CartPayload(Payload):
    cart: Cart | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The cart that is gone.")
class CartDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="Its identifier; null when `userErrors` says why."
    )


@strawberry.type(description="What was in the guest's cart, and found no place in the customer's.")
class CartLeftOut:
    variant_id: strawberry.ID = strawberry.field(description="The variant.")
    quantity: int = strawberry.field(description="How many of it were left out: there is no more stock, or no line.")


@strawberry.type(description="The customer's cart, with what was in the guest's.")
class CartMergePayload(Payload):
    cart: Cart | None = strawberry.field(default=None, description="Null when `userErrors` says why.")
    left_out: list[CartLeftOut] = strawberry.field(
        default_factory=list,
        description="What of the guest's cart is not in the customer's; empty where all is.",
        directives=[usually(1)],
    )


@strawberry.type
class CartMutation:
    @mutation(
        CartPayload,
        access=STORE,
        description="Put things into a cart, which comes into being where there is none: a guest's without a `cartId`, "
        "a customer's own with its first line. Of a variant that is there already, so many more. More than are left "
        "may be put in: `warnings` tell.",
    )
    async def cart_lines_add(self, info: Info, input: CartLinesAddInput) -> CartPayload | None:
        async with info.context.read_rows() as rows:
            change = await cart_edits.adding(rows, given=added_lines(input.lines))
        return CartPayload(cart=await changed(info, input.cart_id, change))

    @mutation(CartPayload, access=STORE, description="Have so many of what is in a cart; 0 takes a line away.")
    async def cart_lines_update(self, info: Info, input: CartLinesUpdateInput) -> CartPayload | None:
        return CartPayload(cart=await changed(info, input.cart_id, cart_edits.keeping(kept_lines(input.lines))))

    @mutation(CartPayload, access=STORE, description="Take lines out of a cart.")
    async def cart_lines_remove(self, info: Info, input: CartLinesRemoveInput) -> CartPayload | None:
        named = [known_id("variant", each) for each in input.variant_ids]
        return CartPayload(cart=await changed(info, input.cart_id, cart_edits.removing(named)))

    @mutation(
        CartPayload,
        access=STORE,
        description="Change a cart's note, discount code, destination and shipping. Code and rate are taken as they "
        "are: `totals` tell what they come to.",
        # With the cart's totals behind it, it is how codes would be guessed.
        cost=CODE,
    )
    async def cart_update(self, info: Info, input: CartUpdateInput) -> CartPayload | None:
        return CartPayload(cart=await changed(info, input.cart_id, cart_edits.editing(cart_edit(input))))

    @mutation(CartDeletePayload, access=STORE, description="Throw a cart away.")
    async def cart_delete(self, info: Info, input: CartDeleteInput) -> CartDeletePayload | None:
        actor, named = info.context.actor, NamedCart.of(input.cart_id, info)
        if named.is_own:
            async with info.context.write_rows() as rows:
                gone = await carts.delete_own(rows, actor=actor, cart_id=named.row_id)
            return CartDeletePayload(deleted_id=global_id("cart", gone))
        gone = await guest_carts.delete(info.context.services.guest_carts, actor=actor, cart_id=named.row_id)
        return CartDeletePayload(deleted_id=global_id("guestcart", gone))

    @mutation(
        CartMergePayload,
        access=CUSTOMER,
        description="Put what is in a guest's cart into the signed-in customer's, after signing in: quantities add up "
        "to what stock allows, and what is left out is told. The guest's cart is empty then, so that doing it again "
        "changes nothing. Note, code, destination and shipping come along where the customer's cart has none.",
    )
    async def cart_merge(self, info: Info, input: CartMergeInput) -> CartMergePayload | None:
        done = await merged(info, row_id("guestcart", input.cart_id, "cartId"))
        left_out = [
            CartLeftOut(variant_id=global_id("variant", each.variant_id), quantity=each.quantity)
            for each in done.left_out
        ]
        return CartMergePayload(cart=await shown(info, done.cart), left_out=left_out)


async def merged(info: Info, cart_id: UUID) -> cart_merges.Merged:
    """Merges until the guest's cart is empty: where a process died before it was, the first time only empties it."""
    merging = await merged_once(info, cart_id)
    while merging.is_repetition:
        merging = await merged_once(info, cart_id)
    return merging


async def merged_once(info: Info, cart_id: UUID) -> cart_merges.Merged:
    guest_cart = await guests_cart(info, cart_id)
    async with info.context.write_rows() as rows:
        merging = await cart_merges.merge(rows, actor=info.context.actor, guest_cart_id=cart_id, guest_cart=guest_cart)
    if merging.leaving is None:
        return merging
    try:
        await info.context.services.guest_carts.empty_merged(
            info.context.actor.tenant, cart_id, edition=merging.edition, quantities=merging.leaving
        )
    except carts.CartUnavailable:
        # It is merged, and will not be again. What is still in the guest's cart goes when somebody tries.
        return replace(merging, is_repetition=False)
    return merging
