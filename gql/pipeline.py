"""From a request to an answer: document, door, execution, errors as they are told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import strawberry
import structlog
from graphql import ExecutionResult, FieldNode, GraphQLError, GraphQLField, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable

from db.session import StaleCallerError
from domain.attempts import Attempt
from domain.callers import Caller
from domain.carts import CartUnavailable
from domain.errors import AccessDenied, Overloaded, PermissionMissing, UserFault, UserFaults, place_of
from domain.ports import SearchUnavailable
from gql.access import OPEN, Access, check
from gql.attempts import LimitedMutations
from gql.context import Context
from gql.cost_plans import MOST_COST, CostPlan
from gql.documents import MOST_ERRORS, Document, Documents, is_mutation, name_of
from gql.elements import TooManyElements
from gql.errors import ErrorCode, Refusal, coded
from gql.executor import FastExecutor
from gql.hasty_mutations import hasty_mutations
from gql.operations import Request
from gql.plans import Plan
from gql.present import WouldWait
from gql.schema_fields import declaration
from gql.throttling import cart_unavailable, overloaded, search_unavailable

log = structlog.get_logger("sadu.gql")

OUT_OF_ORDER: Mapping[type[Exception], Callable[[], Refusal]] = {
    Overloaded: overloaded,
    SearchUnavailable: search_unavailable,
    CartUnavailable: cart_unavailable,
}
"""What is told where a part that a field needs is away."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The parameters of a GraphQL request over HTTP."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A request that passed parsing, validation and its doors: to be executed."""

    request: GraphQLRequest
    document: Document
    operation: OperationDefinitionNode
    cost: int
    """The most that the answer can cost: what the client is charged until the answer is known."""
    cost_plan: CostPlan

    @property
    def is_public(self) -> bool:
        """The answer is the same for everyone who asks this tenant without a token."""
        return self.document.public[name_of(self.operation)]

    @property
    def is_mutation(self) -> bool:
        return is_mutation(self.operation)

    @property
    def root_names(self) -> Sequence[str]:
        return self.document.root_names[name_of(self.operation)]


class InvalidDocument(Exception):
    """A document that does not parse or validate; `body` is the whole answer."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__()
        self.body = body


class Api:
    """One schema with its document cache and the doors of its root fields."""

    def __init__(self, schema: strawberry.Schema, *, introspection: bool = True, compiles: bool = True) -> None:
        """Without `introspection` nobody may ask for the schema itself; `__typename` stays.

        Without `compiles` everything is left to graphql-core: what the fast path is compared with.
        """
        self.schema, self.introspection, self.compiles = schema, introspection, compiles
        self.core: GraphQLSchema = schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - executing a kept document is not in Strawberry's public interface
        self.documents = Documents(self.core)
        self.access = dict(doors_of(self.core))
        self.limited = LimitedMutations(self.core)
        self.expecting = frozenset(expecting_tenant(self.core))
        self.mutations = hasty_mutations(self.core)

    def prepare(self, request: GraphQLRequest, caller: Caller) -> Ready:
        """Raises `InvalidDocument`, or a `Refusal` at the door."""
        document = self.documents.get(request.query)
        if document.parse_error:
            raise InvalidDocument({"errors": [coded(document.parse_error, ErrorCode.GRAPHQL_PARSE_FAILED)]})
        if document.excess:
            raise Refusal(400, ErrorCode.QUERY_TOO_COMPLEX, document.excess)
        if document.introspects and not self.introspection:
            raise Refusal(400, ErrorCode.INTROSPECTION_DISABLED, "The schema cannot be asked for here.")
        if document.errors:
            raise InvalidDocument(
                {"errors": [coded(error, ErrorCode.GRAPHQL_VALIDATION_FAILED) for error in document.errors]}
            )
        operation = document.operation(request.operation_name)
        if operation is None:
            message = "Name the operation to execute in `operationName`."
            if request.operation_name is not None:
                message = "The document has no operation of the name in `operationName`."
            raise InvalidDocument({"errors": [coded(GraphQLError(message), ErrorCode.GRAPHQL_VALIDATION_FAILED)]})
        for root in document.roots_of(operation):
            check(self.access_to(operation.operation.value, root.name), caller, root.selected)
        plan = document.cost_plans[name_of(operation)]
        cost = plan.requested(request.variables)
        if cost > MOST_COST:
            told = f"This query costs up to {cost} points; a request may cost at most {MOST_COST}."
            raise Refusal(400, ErrorCode.QUERY_TOO_COMPLEX, told)
        return Ready(request, document, operation, cost, plan)

    def attempts(self, ready: Ready, caller: Caller) -> Sequence[Attempt]:
        """What the request attempts of what is limited; hardly ever anything."""
        return self.limited.attempts(ready.document, ready.operation, ready.request.variables, caller.person_id)

    def expects_tenant(self, ready: Ready) -> bool:
        """It is a single mutation that was declared so: then nobody has to be looked up who is a remembered guest."""
        roots = ready.document.roots_of(ready.operation)
        return ready.is_mutation and len(roots) == 1 and roots[0].name in self.expecting

    def access_to(self, operation: str, field: str) -> Access:
        """The door of a root field; only what GraphQL itself adds, such as `__schema`, has none and is open."""
        return OPEN if field.startswith("__") else self.access[operation, field]

    async def execute(self, ready: Ready, context: Context) -> dict[str, Any]:
        """The GraphQL response. Raises a `Refusal` if that grows too large."""
        try:
            return response(await self.result(ready, context), context)
        except TooManyElements as raised:
            if not ready.is_mutation:
                raise Refusal(400, ErrorCode.QUERY_TOO_COMPLEX, str(raised)) from None
            told = f"{raised} What was to be done has been done."
            return {"errors": [coded(GraphQLError(told), ErrorCode.QUERY_TOO_COMPLEX)], "data": None}

    async def result(self, ready: Ready, context: Context) -> ExecutionResult:
        """What execution came to, before errors are masked."""
        plan = ready.document.plan(ready.operation) if self.compiles else None
        data = await self.at_once(plan, ready, context) if plan else None
        return ExecutionResult(data) if data is not None else await self.step_by_step(plan, ready, context)

    async def at_once(self, plan: Plan, ready: Ready, context: Context) -> dict[str, Any] | None:
        """The data by the operation's own function; None where there is none, or graphql-core has more to say."""
        variables = plan.variables.coerce(ready.request.variables) if plan.variables else None
        operation = plan.operation(variables) if variables is not None else None
        compiled = operation.next_try() if operation is not None else None
        if variables is None or operation is None or compiled is None:
            return None
        request = Request(context, VariableValues({}, variables))
        try:
            data = await compiled.execute(request, self.schema.schema_converter)
        except StaleCallerError:
            raise
        except (Exception, WouldWait) as error:  # graphql-core comes upon it again, and tells it
            operation.missed(error)
            context.elements.counted = 0
            return None
        operation.hits += 1
        return data

    async def step_by_step(self, plan: Plan | None, ready: Ready, context: Context) -> ExecutionResult:
        """As graphql-core executes it, in haste where that is possible."""
        executor = self.executor(plan, ready, context)
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        if plan is not None:
            plan.learn(executor, self.schema.schema_converter)
        outcome: Any = executor.execute_operation()
        return await outcome if isawaitable(outcome) else outcome

    def executor(self, plan: Plan | None, ready: Ready, context: Context) -> "FastExecutor | list[GraphQLError]":
        """What is wrong with the variables, where something is."""
        more: dict[str, Any] = {
            "is_awaitable": optimized_is_awaitable,
            "hide_suggestions": True,
            "plan": plan,
            "converter": self.schema.schema_converter,
            "mutations": self.mutations if plan else {},
        }
        given = ready.request.variables
        coerced = plan.variables.values(given) if plan and plan.variables else None
        if coerced is not None:
            return FastExecutor.begin(self.core, ready.document, ready.operation, context, coerced, **more)
        executor: Any = FastExecutor.build(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - generic in its context
            self.core,
            ready.document.parsed,
            context_value=context,
            raw_variable_values=dict(given),
            operation_name=ready.request.operation_name,
            max_coercion_errors=MOST_ERRORS,
            **more,
        )
        return executor


def doors_of(schema: GraphQLSchema) -> list[tuple[tuple[str, str], Access]]:
    """The `Access` that each root field was declared with. A field without one is a mistake found at start-up."""
    found: list[tuple[tuple[str, str], Access]] = []
    for operation, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        fields: dict[str, GraphQLField] = root.fields if root else {}
        for name, field in fields.items():
            extensions: dict[str, Any] = field.extensions
            found.append(((operation, name), extensions["strawberry-definition"].metadata["access"]))
    return found


def expecting_tenant(schema: GraphQLSchema) -> list[str]:
    """The root mutations that make sure of the tenant in the one transaction that they are."""
    fields: dict[str, GraphQLField] = schema.mutation_type.fields if schema.mutation_type else {}
    return [name for name, field in fields.items() if declaration(field).metadata.get("expects_tenant")]


def response(result: ExecutionResult, context: Context) -> dict[str, Any]:
    """Raises the `Refusal` of a request of which nothing was done, since too many others wait."""
    if any(isinstance(error.original_error, StaleCallerError) for error in result.errors or ()):
        raise StaleCallerError  # nothing is wrong: the whole request is done again
    if result.errors and not any((result.data or {}).values()):
        raise_refusal_of_all(result.errors)
    errors = [told(error, context) for error in (result.errors or [])[:MOST_ERRORS]]
    if not errors:
        return {"data": result.data}
    # Without a path the request never began to execute: by the specification such an answer has no `data` at all.
    if result.data is None and all("path" not in error for error in errors):
        return {"errors": errors}
    return {"errors": errors, "data": result.data}


def raise_refusal_of_all(errors: Sequence[GraphQLError]) -> None:
    """Where nothing was answered, and for one and the same reason: then the whole request is refused."""
    if all(isinstance(each.original_error, Overloaded) for each in errors):
        raise overloaded()
    if all(isinstance(each.original_error, CartUnavailable) for each in errors):
        raise cart_unavailable()


def told(error: GraphQLError, context: Context) -> dict[str, Any]:
    """An error as the client hears it: what was not meant for clients is masked, and logged without its message."""
    innermost = error
    while isinstance(innermost.original_error, GraphQLError):
        innermost = innermost.original_error
    cause = innermost.original_error
    # What is wrong with a variable or an argument names its place in the document; an unfit value of ours does not.
    if cause is None and (error.path is None or innermost.nodes):
        return coded(error, ErrorCode.BAD_USER_INPUT)
    cause = cause or innermost
    if isinstance(cause, UserFault | UserFaults):
        refused = coded(error, ErrorCode.BAD_USER_INPUT, str(cause))
        # One error has one path: of several faults the first's.
        path = cause.field if isinstance(cause, UserFault) else cause.faults[0].field
        refused["extensions"] = {"code": ErrorCode.BAD_USER_INPUT.value, "field": list(path)}
        return refused
    for kind, refusal in OUT_OF_ORDER.items():
        if isinstance(cause, kind):
            refused = refusal()
            return coded(error, refused.code, refused.message)
    if isinstance(cause, PermissionMissing):
        return coded(error, ErrorCode.FORBIDDEN, f"You may not do this here: it needs `{cause}`.")
    if isinstance(cause, AccessDenied):
        return coded(error, ErrorCode.FORBIDDEN, "You may not do this here.")
    # The schema's names of the fields: the path would hold aliases, which are the client's words.
    log_unexpected(
        cause, field=next((node.name.value for node in error.nodes or () if isinstance(node, FieldNode)), None)
    )
    masked = coded(error, ErrorCode.INTERNAL_ERROR, "Something went wrong on our side. Tell us the request id.")
    masked["extensions"] = {"code": ErrorCode.INTERNAL_ERROR.value, "requestId": context.request_id}
    return masked


def log_unexpected(error: BaseException, **fields: Any) -> None:
    """Log where it happened, not what it said: messages of database drivers carry people's data."""
    log.error("unexpected_error", error=type(error).__qualname__, frames=place_of(error), **fields)
