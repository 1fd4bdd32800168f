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


@strawberry.enum(description="Why an input was refused. Codes are stable; messages may change.")
class UserErrorCode(Enum):
    INVALID = strawberry.enum_value("INVALID", description="Not of the form that is wanted; the message says which.")
    REQUIRED = strawberry.enum_value("REQUIRED", description="Missing or empty.")
    TOO_LONG = strawberry.enum_value("TOO_LONG", description="More characters than the field holds.")
    TAKEN = strawberry.enum_value("TAKEN", description="Somebody or something else has it already.")
    RESERVED = strawberry.enum_value("RESERVED", description="Kept for the platform itself.")
    IN_USE = strawberry.enum_value("IN_USE", description="Cannot go while other things depend on it.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="There is no such thing, or it is not yours.")
    STALE = strawberry.enum_value("STALE", description="Changed by somebody else meanwhile: read it again.")
    INSUFFICIENT_STOCK = strawberry.enum_value("INSUFFICIENT_STOCK", description="Fewer are left than asked for.")
    ILLEGAL_TRANSITION = strawberry.enum_value("ILLEGAL_TRANSITION", description="Not possible from this status.")
    IDEMPOTENCY_KEY_REUSED = strawberry.enum_value(
        "IDEMPOTENCY_KEY_REUSED", description="The key was used with another input: a new attempt needs a new key."
    )
    CODE_WRONG = strawberry.enum_value("CODE_WRONG", description="A mailed code is wrong, expired or used up.")
    CREDENTIALS_WRONG = strawberry.enum_value("CREDENTIALS_WRONG", description="No account has them.")
    ACCOUNT_UNCONFIRMED = strawberry.enum_value(
        "ACCOUNT_UNCONFIRMED", description="The password is right, but the address is not confirmed yet."
    )
    TOKEN_INVALID = strawberry.enum_value("TOKEN_INVALID", description="A refresh token is wrong, expired or spent.")
    LIMIT_REACHED = strawberry.enum_value("LIMIT_REACHED", description="No more of this, or not now.")


@strawberry.interface(description="One reason why a mutation did nothing. Show `message`, branch on `code`.")
class UserError:
    code: UserErrorCode = strawberry.field(description="Stable reason.")
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
    code, path = UserErrorCode(fault.code.value), list(fault.field) or None
    if isinstance(fault, faults.InsufficientStock):
        variant = global_id("variant", fault.variant_id) if fault.variant_id else None
        return InsufficientStock(
            code=code, message=fault.message, field=path, variant_id=variant, available=fault.available
        )
    if isinstance(fault, faults.IllegalTransition):
        return IllegalTransition(
            code=code, message=fault.message, field=path, current=fault.current, allowed=list(fault.allowed)
        )
    return InvalidInput(code=code, message=fault.message, field=path)


def user_errors(raised: faults.UserFault | faults.UserFaults) -> list[UserError]:
    found: Sequence[faults.UserFault] = raised.faults if isinstance(raised, faults.UserFaults) else [raised]
    return [user_error(fault) for fault in found]


def coded(error: GraphQLError, code: ErrorCode, message: str | None = None) -> dict[str, object]:
    """A top-level error as it is told: message, place in the document, path, code."""
    formatted = dict(error.formatted)
    formatted["message"] = message or error.message
    formatted["extensions"] = {"code": code.value}
    return formatted
