"""What clients are told when something is refused: `userErrors` inside payloads, coded errors at the top level."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum

import strawberry
from graphql import GraphQLError

from domain import errors as faults
from gql.cost import usually
from gql.ids import global_id


@strawberry.enum(description="`extensions.code` of every top-level error, with its HTTP status where that is not 200.")
class ErrorCode(Enum):
    BAD_REQUEST = strawberry.enum_value("BAD_REQUEST", description="400. The HTTP request holds no GraphQL request.")
    GRAPHQL_PARSE_FAILED = strawberry.enum_value("GRAPHQL_PARSE_FAILED", description="The document is not GraphQL.")
    GRAPHQL_VALIDATION_FAILED = strawberry.enum_value(
        "GRAPHQL_VALIDATION_FAILED", description="The document does not fit the schema."
    )
    QUERY_TOO_COMPLEX = strawberry.enum_value(
        "QUERY_TOO_COMPLEX",
        description="400. Too much was asked for at once, or the answer grew too large; the message says of what.",
    )
    INTROSPECTION_DISABLED = strawberry.enum_value(
        "INTROSPECTION_DISABLED", description="400. This deployment does not tell its schema: `__schema` and `__type`."
    )
    BAD_USER_INPUT = strawberry.enum_value(
        "BAD_USER_INPUT", description="A variable or an argument has a value that does not fit."
    )
    UNAUTHENTICATED = strawberry.enum_value(
        "UNAUTHENTICATED", description="401. Sign in: there is no token, or it is not valid, or no longer."
    )
    FORBIDDEN = strawberry.enum_value(
        "FORBIDDEN",
        description="403. Signed in, but not allowed to do this here. Within an answer: this field is not for you.",
    )
    MFA_REQUIRED = strawberry.enum_value(
        "MFA_REQUIRED",
        description="403. Owners, admins and operators act only in a session that was signed in with a second factor: "
        "set one up by `mfaBegin`, or sign in again with it.",
    )
    PERSISTED_DOCUMENT_NOT_FOUND = strawberry.enum_value(
        "PERSISTED_DOCUMENT_NOT_FOUND", description="404. No document is registered under this `documentId`."
    )
    TENANT_REQUIRED = strawberry.enum_value(
        "TENANT_REQUIRED", description="400. Name a tenant by the `Sadu-Tenant` header or by the host."
    )
    TENANT_NOT_FOUND = strawberry.enum_value("TENANT_NOT_FOUND", description="404. The header names no tenant.")
    TENANT_MOVED = strawberry.enum_value(
        "TENANT_MOVED",
        description="410. The tenant has another slug now: go on at `extensions.movedTo`, which has `slug` and `host`. "
        "Nothing was done.",
    )
    TENANT_AMBIGUOUS = strawberry.enum_value(
        "TENANT_AMBIGUOUS", description="400. The request names two different tenants."
    )
    TENANT_SUSPENDED = strawberry.enum_value(
        "TENANT_SUSPENDED", description="403. Closed by the platform; `store { status }` still answers."
    )
    TENANT_DISABLED = strawberry.enum_value(
        "TENANT_DISABLED",
        description="403. Closed by the platform, for its owner too; `store { status }` still answers.",
    )
    REQUEST_TOO_LARGE = strawberry.enum_value(
        "REQUEST_TOO_LARGE", description="413. A request has at most 64 KiB, in a URL 16 KiB."
    )
    THROTTLED = strawberry.enum_value(
        "THROTTLED",
        description="429. Your points are spent: wait for the seconds in `Retry-After` until enough have come back.",
    )
    TOO_MANY_ATTEMPTS = strawberry.enum_value(
        "TOO_MANY_ATTEMPTS",
        description="429. Your address, or whoever tries this account, has tried too often: wait for the seconds in "
        "`Retry-After`. Nothing was done.",
    )
    TEMPORARILY_UNAVAILABLE = strawberry.enum_value(
        "TEMPORARILY_UNAVAILABLE",
        description="503. What protects accounts is out of order, or more visits are waiting to be recorded than can "
        "be: ask again after the seconds in `Retry-After`. Nothing was done; everything else goes on. "
        "Within an answer: searching is out of order; lists are there all the same.",
    )
    CART_UNAVAILABLE = strawberry.enum_value(
        "CART_UNAVAILABLE",
        description="503, or 200 within an answer. Guests' carts are out of order: ask again after the seconds in "
        "`Retry-After`, and read the cart before a change is made again. Customers' carts and orders go on.",
    )
    METHOD_NOT_ALLOWED = strawberry.enum_value(
        "METHOD_NOT_ALLOWED", description="405. Send a POST; GET answers registered queries alone."
    )
    UNSUPPORTED_MEDIA_TYPE = strawberry.enum_value("UNSUPPORTED_MEDIA_TYPE", description="415. Send JSON in UTF-8.")
    NOT_ACCEPTABLE = strawberry.enum_value(
        "NOT_ACCEPTABLE", description="406. The client takes neither of the media types that this endpoint answers."
    )
    DEADLINE_EXCEEDED = strawberry.enum_value(
        "DEADLINE_EXCEEDED", description="503. It took too long and was ended; nothing was changed."
    )
    INTERNAL_ERROR = strawberry.enum_value(
        "INTERNAL_ERROR",
        description="500, or 200 within an answer. A fault of ours; `extensions.requestId` names it to us.",
    )


class Refusal(Exception):
    """A request refused before execution, with its HTTP status.

    `retry_after` is for the header of that name, in whole seconds; `extensions` are those of the response, `details`
    stand beside the code. With `is_shared` every guest who asks there is told the same.
    """

    def __init__(
        self,
        status: int,
        code: ErrorCode,
        message: str,
        *,
        retry_after: int | None = None,
        extensions: Mapping[str, object] | None = None,
        details: Mapping[str, object] | None = None,
        is_shared: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after, self.extensions, self.details = retry_after, extensions, details or {}
        self.is_shared = is_shared

    def body(self) -> dict[str, object]:
        """The GraphQL response that says so."""
        told = {"code": self.code.value, **self.details}
        body: dict[str, object] = {"errors": [{"message": self.message, "extensions": told}]}
        return body if self.extensions is None else body | {"extensions": dict(self.extensions)}


@strawberry.enum(description="Why an input was refused. Codes are stable; messages may change.")
class UserErrorCode(Enum):
    INVALID = strawberry.enum_value("INVALID", description="Not of the form that is wanted; the message says which.")
    REQUIRED = strawberry.enum_value("REQUIRED", description="Missing or empty.")
    TOO_LONG = strawberry.enum_value("TOO_LONG", description="More characters than the field holds.")
    TAKEN = strawberry.enum_value("TAKEN", description="Somebody or something else has it already.")
    RESERVED = strawberry.enum_value("RESERVED", description="Kept for the platform itself.")
    IN_USE = strawberry.enum_value("IN_USE", description="Cannot go while other things depend on it.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="There is no such thing, or it is not yours.")
    NOT_READY = strawberry.enum_value(
        "NOT_READY", description="Something else has to happen first, such as an upload: the message says what."
    )
    STALE = strawberry.enum_value("STALE", description="Changed by somebody else meanwhile: read it again.")
    INSUFFICIENT_STOCK = strawberry.enum_value("INSUFFICIENT_STOCK", description="Fewer are left than asked for.")
    TOTAL_CHANGED = strawberry.enum_value(
        "TOTAL_CHANGED", description="The order comes to another total than was expected; nothing was done."
    )
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
    MFA_CODE_WRONG = strawberry.enum_value(
        "MFA_CODE_WRONG", description="The code of the authenticator app is wrong, or was used already."
    )
    CHALLENGE_ENDED = strawberry.enum_value(
        "CHALLENGE_ENDED", description="This sign-in took too long, or was guessed at too often: begin it again."
    )
    MFA_ENABLED = strawberry.enum_value("MFA_ENABLED", description="A second factor is set up already.")
    MFA_DISABLED = strawberry.enum_value("MFA_DISABLED", description="No second factor is set up.")
    LAST_OWNER = strawberry.enum_value(
        "LAST_OWNER", description="A tenant keeps at least one owner: make somebody else an owner first."
    )
    INVITATION_INVALID = strawberry.enum_value(
        "INVITATION_INVALID",
        description="The invitation is unknown, expired, revoked or accepted, or was sent to another address.",
    )
    LIMIT_REACHED = strawberry.enum_value("LIMIT_REACHED", description="No more of this, or not now.")
    DISCOUNT_NOT_STARTED = strawberry.enum_value(
        "DISCOUNT_NOT_STARTED", description="The discount code is good from a later moment on."
    )
    DISCOUNT_ENDED = strawberry.enum_value("DISCOUNT_ENDED", description="The discount code is over.")
    DISCOUNT_USED_UP = strawberry.enum_value(
        "DISCOUNT_USED_UP", description="The discount code was used as often as it may be in all."
    )
    DISCOUNT_LIMIT_PER_CUSTOMER = strawberry.enum_value(
        "DISCOUNT_LIMIT_PER_CUSTOMER",
        description="This customer, or this email address, has used the discount code as often as one may.",
    )
    DISCOUNT_MINIMUM_NOT_REACHED = strawberry.enum_value(
        "DISCOUNT_MINIMUM_NOT_REACHED",
        description="The discount code is for orders of more: the message says how much.",
    )
    UNAVAILABLE_HERE = strawberry.enum_value(
        "UNAVAILABLE_HERE", description="Not with this store's currency, for this amount, or on this platform."
    )
    ALREADY_PAID = strawberry.enum_value("ALREADY_PAID", description="The order is paid: nothing is to be paid again.")
    HOLD_ENDED = strawberry.enum_value(
        "HOLD_ENDED", description="The time in which the order could be paid is over: place another."
    )
    PROVIDER_UNAVAILABLE = strawberry.enum_value(
        "PROVIDER_UNAVAILABLE",
        description="A payment provider does not answer. Nothing is lost: try again soon, with the same key.",
    )
    PROVIDER_REFUSED = strawberry.enum_value(
        "PROVIDER_REFUSED", description="The payment provider will not do this: choose another way of paying."
    )
    REFUND_TOO_LARGE = strawberry.enum_value(
        "REFUND_TOO_LARGE", description="More than was paid, less what was given back or is on its way."
    )
    SHIPPING_UNAVAILABLE = strawberry.enum_value(
        "SHIPPING_UNAVAILABLE", description="The shipping rate is not offered to this destination, or no longer."
    )


@strawberry.interface(description="One reason why a mutation did nothing. Show `message`, branch on `code`.")
class UserError:
    code: UserErrorCode = strawberry.field(description="Stable reason.")
    message: str = strawberry.field(description="A sentence for the person who made the input.")
    field: list[str] | None = strawberry.field(
        description="Path of the input field, such as `[lines, 0, quantity]`; null when no single field is at fault.",
        directives=[usually(3)],
    )


@strawberry.type(description="An input that was refused, without more to tell.")
class InvalidInput(UserError):
    pass


@strawberry.type(description="Fewer are left than were asked for; nothing was taken.")
class InsufficientStock(UserError):
    variant_id: strawberry.ID | None = strawberry.field(description="The variant that ran out.")
    available: int = strawberry.field(description="How many are left.")


@strawberry.type(
    description="What is to be ordered does not come to the total that the shopper was told. Nothing was ordered: show "
    "these, in the store's currency, and ask again."
)
class TotalChanged(UserError):
    subtotal: Decimal = strawberry.field(description="Sum of the lines now.")
    discount: Decimal = strawberry.field(description="What is taken off now.")
    shipping: Decimal = strawberry.field(description="Price of shipping now.")
    total: Decimal = strawberry.field(description="What it comes to now.")


@strawberry.type(description="A status change that is not possible from the current status.")
class IllegalTransition(UserError):
    current: str = strawberry.field(description="The status now, spelled as in its enum.")
    allowed: list[str] = strawberry.field(
        description="The statuses that may follow, spelled as in their enum; empty at the end of the road.",
        directives=[usually(3)],
    )


def user_error(fault: faults.UserFault) -> UserError:
    """The GraphQL object of a domain fault."""
    code, path = UserErrorCode(fault.code.value), list(fault.field) or None
    if isinstance(fault, faults.InsufficientStock):
        variant = global_id("variant", fault.variant_id) if fault.variant_id else None
        return InsufficientStock(
            code=code, message=fault.message, field=path, variant_id=variant, available=fault.available
        )
    if isinstance(fault, faults.TotalChanged):
        return TotalChanged(
            code=code,
            message=fault.message,
            field=path,
            subtotal=fault.subtotal,
            discount=fault.discount,
            shipping=fault.shipping,
            total=fault.total,
        )
    if isinstance(fault, faults.IllegalTransition):
        return IllegalTransition(
            code=code,
            message=fault.message,
            field=path,
            current=fault.current.upper(),
            allowed=[each.upper() for each in fault.allowed],
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
