"""Discounts in the API: made by staff, asked about by shoppers who have a code."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry

from db.models import Discount as DiscountRow
from domain import discount_edits, discounts
from domain.actors import Permission
from domain.discount_edits import DiscountFilter
from domain.errors import FaultCode, UserFault
from domain.money import checked_amount
from domain.pages import PageRequest
from gql.access import staff
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import CODE
from gql.discount_inputs import (
    DiscountCreateInput,
    DiscountDeleteInput,
    DiscountUpdateInput,
    discount_changes,
    new_discount,
)
from gql.errors import UserError, user_error
from gql.ids import global_id, known_id, row_id
from gql.roots import Payload, mutation
from gql.scalars import LocalizedText, Money, localized, money, written

MANAGE = staff(Permission.CATALOG_MANAGE)


@strawberry.enum(description="What a discount takes off.")
class DiscountKind(Enum):
    PERCENTAGE = strawberry.enum_value("percentage", description="Percent of an order's lines.")
    FIXED = strawberry.enum_value("fixed", description="An amount off an order's lines.")
    FREE_SHIPPING = strawberry.enum_value("free_shipping", description="What shipping costs.")


@strawberry.enum(description="How a discount stands at the moment.")
class DiscountStatus(Enum):
    ACTIVE = strawberry.enum_value("active", description="Shoppers can use it.")
    SCHEDULED = strawberry.enum_value("scheduled", description="It begins later.")
    ENDED = strawberry.enum_value("ended", description="It is over.")
    USED_UP = strawberry.enum_value("used_up", description="It was used as often as it may be in all.")
    DISABLED = strawberry.enum_value("disabled", description="It is switched off, whatever else would be true of it.")


@strawberry.type(description="What an order is cheaper by with a code, as staff see it.")
class Discount:
    id: strawberry.ID = strawberry.field(description="Identifier.")
    code: str = strawberry.field(description="The code in its one spelling.")
    title: LocalizedText = strawberry.field(description="What shoppers are told of it.")
    kind: DiscountKind = strawberry.field(description="What it takes off.")
    percentage: Decimal | None = strawberry.field(
        description="Percent, above 0 and at most 100, with two decimals; null for other kinds."
    )
    amount: Money | None = strawberry.field(description="The amount; null for other kinds.")
    minimum_subtotal: Money | None = strawberry.field(description="What an order's lines come to at least.")
    starts_at: datetime | None = strawberry.field(description="From when on; null from the first moment.")
    ends_at: datetime | None = strawberry.field(description="From when on no longer; null never.")
    is_enabled: bool = strawberry.field(description="Whether it is switched on.")
    usage_limit: int | None = strawberry.field(description="How many orders may use it in all; null for any number.")
    usage_limit_per_customer: int | None = strawberry.field(
        description="How many orders of one customer may use it; null for any number."
    )
    usage_count: int = strawberry.field(
        description="How many orders use it. One that is cancelled, or is not paid in time, gives its use back."
    )
    status: DiscountStatus = strawberry.field(description="How it stands at the moment.")
    version: int = strawberry.field(description="Raised by each edit: send it with the next one.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When staff last changed it.")


@strawberry.type(description="What a code would take off an order, as shoppers see it.")
class StoreDiscount:
    code: str = strawberry.field(description="The code in its one spelling.")
    title: LocalizedText = strawberry.field(description="What it is called.")
    kind: DiscountKind = strawberry.field(description="What it takes off.")
    percentage: Decimal | None = strawberry.field(description="Percent, with two decimals; null for other kinds.")
    amount: Money | None = strawberry.field(description="The amount; null for other kinds.")
    minimum_subtotal: Money | None = strawberry.field(description="What the lines come to at least.")
    ends_at: datetime | None = strawberry.field(description="From when on no longer; null if that is not fixed.")


@strawberry.type(description="Whether an order may have a discount.")
class DiscountAnswer:
    discount: StoreDiscount | None = strawberry.field(
        description="What it would take off, also where only the minimum is not reached yet; else null."
    )
    refusal: UserError | None = strawberry.field(
        description="Why the order may not have it, with a code that begins with `DISCOUNT_`, or `NOT_FOUND`; null if "
        "it may."
    )


@strawberry.type(description="The discount that was made or changed.")
class DiscountPayload(Payload):
    discount: Discount | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The discount that was deleted.")
class DiscountDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="Its identifier, which names nothing any more; null when `userErrors` says why."
    )


Code = Annotated[str, strawberry.argument(description="As the shopper has typed it.")]
Subtotal = Annotated[
    Decimal, strawberry.argument(description="What the lines come to, before any discount and without shipping.")
]
StatusFilter = Annotated[DiscountStatus | None, strawberry.argument(description="Only those that stand so now.")]
CodePrefix = Annotated[
    str | None, strawberry.argument(description="Only those whose code begins so, typed in any way that codes may be.")
]
Id = Annotated[strawberry.ID, strawberry.argument(description="Identifier.")]


@strawberry.type(description="Discounts as shoppers meet them: by a code that they have, or guess.")
class StoreDiscountFields:
    @strawberry.field(
        description="Whether an order of these lines may have a discount, at this moment and as far as is known of who "
        "asks: a guest's address is judged when the order is placed, and so is everything else once more.",
        directives=[CODE],
    )
    async def discount(self, info: Info, code: Code, subtotal: Subtotal) -> DiscountAnswer:
        lines = checked_amount(subtotal, "subtotal")
        async with info.context.read_rows() as rows:
            found = await discounts.find(rows, actor=info.context.actor, code=code)
        return answer_of(found, lines, info.context.tenant.currency)


@strawberry.type(description="Discounts in the back office.")
class StaffDiscountFields:
    @strawberry.field(
        description="The tenant's discounts, the newest first. Needs `catalog:read`: without it null and an error."
    )
    async def discounts(
        self,
        info: Info,
        *,
        first: First = 20,
        after: After = None,
        status: StatusFilter = None,
        code_prefix: CodePrefix = None,
    ) -> Connection[Discount] | None:
        actor, wanted = info.context.actor, DiscountFilter(written(status), code_prefix)
        currency, page_request = info.context.tenant.currency, PageRequest(first, after)
        async with info.context.read() as session:
            page = await discount_edits.list_discounts(session, actor=actor, page=page_request, wanted=wanted)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await discount_edits.count_discounts(session, actor=info.context.actor, wanted=wanted)

        return Connection[Discount].of(page, lambda row: discount_of(row, currency), count)

    @strawberry.field(
        description="One discount; null if the tenant has none with this identifier. Needs `catalog:read`: without it "
        "null and an error."
    )
    async def discount(self, info: Info, id: Id) -> Discount | None:
        discount_id = known_id("discount", id)
        if discount_id is None:
            return None
        async with info.context.read() as session:
            row = await discount_edits.find_discount(session, actor=info.context.actor, discount_id=discount_id)
        return discount_of(row, info.context.tenant.currency) if row else None


@strawberry.type
class DiscountMutation:
    @mutation(
        DiscountPayload, access=MANAGE, description="Make a discount. `TAKEN` where the code is another one's already."
    )
    async def discount_create(self, info: Info, input: DiscountCreateInput) -> DiscountPayload | None:
        wanted = new_discount(input)
        async with info.context.write() as session:
            made = await discount_edits.create(session, actor=info.context.actor, given=wanted)
        return DiscountPayload(discount=discount_of(made, info.context.tenant.currency))

    @mutation(
        DiscountPayload,
        access=MANAGE,
        description="Change a discount, or switch it on or off. It counts from the next order on; those that were "
        "placed keep what they have.",
    )
    async def discount_update(self, info: Info, input: DiscountUpdateInput) -> DiscountPayload | None:
        discount_id, changes = row_id("discount", input.id, "id"), discount_changes(input)
        async with info.context.write() as session:
            changed = await discount_edits.update(
                session, actor=info.context.actor, discount_id=discount_id, version=input.version, changes=changes
            )
        return DiscountPayload(discount=discount_of(changed, info.context.tenant.currency))

    @mutation(
        DiscountDeletePayload,
        access=MANAGE,
        description="Delete a discount that no order has ever used; others are switched off, and are `IN_USE` here.",
    )
    async def discount_delete(self, info: Info, input: DiscountDeleteInput) -> DiscountDeletePayload | None:
        discount_id = row_id("discount", input.id, "id")
        async with info.context.write() as session:
            await discount_edits.delete(session, actor=info.context.actor, discount_id=discount_id)
        return DiscountDeletePayload(deleted_id=input.id)


def discount_of(row: DiscountRow, currency: str) -> Discount:
    return Discount(
        id=global_id("discount", row.id),
        code=row.code,
        title=localized(row.title_en, row.title_ar),
        kind=DiscountKind(row.kind),
        percentage=row.percentage,
        amount=money_or_none(row.amount, currency),
        minimum_subtotal=money_or_none(row.minimum_subtotal, currency),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        is_enabled=row.is_enabled,
        usage_limit=row.usage_limit,
        usage_limit_per_customer=row.usage_limit_per_customer,
        usage_count=row.usage_count,
        status=DiscountStatus(row.status),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def answer_of(found: discounts.Discount | None, subtotal: Decimal, currency: str) -> DiscountAnswer:
    """Of what is not good now, whoever guesses a code is told no more than that."""
    try:
        discounts.check(found, "code", subtotal=subtotal)
    except UserFault as fault:
        is_told = fault.code is FaultCode.DISCOUNT_MINIMUM_NOT_REACHED
        return DiscountAnswer(discount=store_discount(found, currency) if is_told else None, refusal=user_error(fault))
    return DiscountAnswer(discount=store_discount(found, currency), refusal=None)


def store_discount(found: discounts.Discount | None, currency: str) -> StoreDiscount | None:
    if found is None:
        return None
    return StoreDiscount(
        code=found.code,
        title=localized(found.title.en, found.title.ar),
        kind=DiscountKind(found.kind),
        percentage=found.percentage,
        amount=money_or_none(found.amount, currency),
        minimum_subtotal=money_or_none(found.minimum_subtotal, currency),
        ends_at=found.ends_at,
    )


def money_or_none(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else money(amount, currency)
