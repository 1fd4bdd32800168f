"""How a mutation is declared: its door, its payload, and the one place where faults become `userErrors`."""

from collections.abc import Callable, Sequence
from typing import Any

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension
from strawberry.types.field import StrawberryField

from domain.errors import UserFault, UserFaults
from gql.access import Access
from gql.attempts import Attempts
from gql.cost import MUTATION, Cost, usually
from gql.errors import UserError, user_errors


@strawberry.interface(description="What every mutation answers.")
class Payload:
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing was done; empty on success.", directives=[usually(2)]
    )


class ReportsUserErrors(FieldExtension):
    """Answers a raised fault with an otherwise empty payload."""

    def __init__(self, payload: type[Payload]) -> None:
        self.payload = payload

    def apply(self, field: StrawberryField) -> None:
        """Say once what every mutation's one argument is."""
        for argument in field.arguments:
            argument.description = argument.description or "Everything that the mutation is told."

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Any, **kwargs: Any) -> Any:
        try:
            return await next_(source, info, **kwargs)
        except (UserFault, UserFaults) as fault:
            return self.told(fault)

    def told(self, fault: UserFault | UserFaults) -> Payload:
        return self.payload(user_errors=user_errors(fault))


def mutation(
    payload: type[Payload],
    *,
    access: Access,
    description: str,
    attempts: Attempts | None = None,
    cost: Cost = MUTATION,
    expects_tenant: bool = False,
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a root mutation: `payload` is built with `user_errors` alone when the domain raises a fault.

    `attempts` limits how often one address, or whoever is after one account, may do so. One that `expects_tenant` does
    all that it does in one transaction in the caller's scope: so a guest of a tenant that is remembered need not be
    looked up first, and where the tenant has changed it has done nothing, and is done again.
    """

    def declare(resolver: Callable[..., Any]) -> Any:
        return strawberry.mutation(
            resolver,
            description=description,
            metadata={"access": access, "attempts": attempts, "expects_tenant": expects_tenant},
            directives=[cost],
            extensions=[ReportsUserErrors(payload)],
        )

    return declare


def door(access: Access, *, description: str, directives: Sequence[object] = ()) -> Callable[[Callable[..., Any]], Any]:
    """Declare a root query field with its door."""

    def declare(resolver: Callable[..., Any]) -> Any:
        return strawberry.field(resolver, description=description, metadata={"access": access}, directives=directives)

    return declare
