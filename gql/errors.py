"""What clients are told when something is refused: `userErrors` inside payloads, coded errors at the top level."""

from collections.abc import Sequence
from enum import Enum

import strawberry
from graphql import GraphQLError

from domain import errors as faults
from gql.ids import global_id


class ErrorCode(Enum):
    """`extensions.code` of every top-level error."""

    BAD_REQUEST = "BAD_REQUEST"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    TENANT_REQUIRED = "TENANT_REQUIRED"
    TENANT_NOT_FOUND = "TENANT_NOT_FOUND"
    TENANT_AMBIGUOUS = "TENANT_AMBIGUOUS"
    TENANT_SUSPENDED = "TENANT_SUSPENDED"
    TENANT_DISABLED = "TENANT_DISABLED"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Refusal(Exception):
    """A request refused before execution, with its HTTP status."""

    def __init__(self, status: int, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> dict[str, object]:
        """The GraphQL response that says so."""
        return {"errors": [{"message": self.message, "extensions": {"code": self.code.value}}]}


strawberry.enum(
    faults.FaultCode,
    name="UserErrorCode",
    description="Why an input was refused. Codes are stable; messages may change.",
)


@strawberry.interface(description="One reason why a mutation did nothing. Show `message`, branch on `code`.")
class UserError:
    code: faults.FaultCode = strawberry.field(description="Stable reason.")
    message: str = strawberry.field(description="A sentence for the person who made the input.")
    field: list[str] | None = strawberry.field(
        description="Path of the input field, such as `[lines, 0, quantity]`; null when no single field is at fault."
    )


@strawberry.type(description="An input that was refused, without more to tell.")
class InvalidInput(UserError):
    pass


@strawberry.type(description="Fewer are left than were asked for; nothing was taken.")
class InsufficientStock(UserError):
    variant_id: strawberry.ID | None = strawberry.field(description="The variant that ran out.")
    available: int = strawberry.field(description="How many are left.")


@strawberry.type(description="A status change that is not possible from the current status.")
class IllegalTransition(UserError):
    current: str = strawberry.field(description="The status now.")
    allowed: list[str] = strawberry.field(description="The statuses that may follow; empty at the end of the road.")


def user_error(fault: faults.UserFault) -> UserError:
    """The GraphQL object of a domain fault."""
    path = list(fault.field) or None
    if isinstance(fault, faults.InsufficientStock):
        variant = global_id("variant", fault.variant_id) if fault.variant_id else None
        return InsufficientStock(
            code=fault.code, message=fault.message, field=path, variant_id=variant, available=fault.available
        )
    if isinstance(fault, faults.IllegalTransition):
        return IllegalTransition(
            code=fault.code, message=fault.message, field=path, current=fault.current, allowed=list(fault.allowed)
        )
    return InvalidInput(code=fault.code, message=fault.message, field=path)


def user_errors(raised: faults.UserFault | faults.UserFaults) -> list[UserError]:
    found: Sequence[faults.UserFault] = raised.faults if isinstance(raised, faults.UserFaults) else [raised]
    return [user_error(fault) for fault in found]


def coded(error: GraphQLError, code: ErrorCode, message: str | None = None) -> dict[str, object]:
    """A top-level error as it is told: message, place in the document, path, code."""
    formatted = dict(error.formatted)
    formatted["message"] = message or error.message
    formatted["extensions"] = {"code": code.value}
    return formatted
