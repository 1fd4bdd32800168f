"""graphql-core's executor with a fast path: values whose selection is plain are completed by a compiled function."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    default_field_resolver,  # pyright: ignore[reportUnknownVariableType] - generic in its context
    default_type_resolver,  # pyright: ignore[reportUnknownVariableType]
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues

from gql.compiled import Compiled, Compiler
from gql.context import Context
from gql.documents import Document
from gql.elements import Elements
from gql.hasty_mutations import HastyMutation
from gql.plans import Place, Places, Plan
from gql.present import PresentInfo, WouldWait


class FastExecutor(Executor[Any]):
    """Executes as graphql-core does; `plan` holds what is compiled of the operation, `converter` the types.

    The `mutations` are called at once.
    """

    def __init__(
        self,
        *args: Any,
        plan: Plan | None,
        converter: Any,
        mutations: Mapping[str, HastyMutation],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)  # pyright: ignore[reportUnknownMemberType] - graphql-core leaves parts unknown
        self.mutations = mutations
        self.converter, self.plan = converter, plan
        self.places = plan.places(self.variable_values.coerced) if plan else None
        self.present = PresentInfo(self.context_value)
        self.elements: Elements = self.context_value.elements

    @classmethod
    def begin(
        cls,
        schema: GraphQLSchema,
        document: Document,
        operation: OperationDefinitionNode,
        context: Context,
        variables: VariableValues,
        **more: Any,
    ) -> "FastExecutor":
        """As `build`, of an operation that was found before and whose variables were coerced before."""
        fragments = {name: FragmentDetails(each) for name, each in document.fragments.items()}
        resolvers: list[Any] = [default_field_resolver, default_type_resolver, default_field_resolver]
        return cls(schema, dict(document.fragments), fragments, None, context, operation, variables, *resolvers, **more)

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Any,
        position_context: Any,
    ) -> Any:
        nodes = [each.node for each in field_details_list]
        is_root = parent_type is self.schema.mutation_type
        mutation = self.mutations.get(nodes[0].name.value) if is_root else None
        value = mutation.value_of(nodes[0], self.variable_values.coerced) if mutation else None
        if mutation is None or value is None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        field: Any = parent_type.fields[nodes[0].name.value]
        info = cast("Any", self).build_resolve_info(field, nodes, parent_type, path)
        called = mutation.call(source, info, value)
        return self.complete_awaitable_value(  # pyright: ignore[reportUnknownMemberType] - its `info` is generic
            field.type, field_details_list, info, path, called, position_context
        )

    def complete_value(  # noqa: PLR0917 - graphql-core's own
        self,
        return_type: Any,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        if (
            self.places is not None
            and result is not None
            and not isinstance(return_type, GraphQLNonNull)  # graphql-core asks again for what is inside
            and field_details_list[0].node.selection_set is not None
        ):
            place = self.place(self.places, return_type, field_details_list)
            compiled = place.next_try()
            if compiled is not None:
                counted = self.elements.counted
                try:
                    completed = compiled.complete(result, self.present, self.given(compiled))
                except (Exception, WouldWait) as error:  # graphql-core comes upon it again, and tells it
                    place.missed(error)
                    self.elements.counted = counted
                else:
                    place.hits += 1
                    return completed
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)  # pyright: ignore[reportUnknownMemberType] - its `info` is generic

    def complete_list_value(  # noqa: PLR0917 - graphql-core's own
        self,
        return_type: Any,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        if field_details_list[0].node.selection_set is not None and hasattr(result, "__len__"):
            self.elements.count(len(result))
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)  # pyright: ignore[reportUnknownMemberType] - its `info` is generic

    def place(self, places: Places, return_type: Any, details: FieldDetailsList) -> Place:
        key = (id(return_type), *[id(each.node) for each in details])
        found = places.get(key)
        if found is None:
            compiler = Compiler(self, self.converter)
            made = self.plan.attempt(compiler, lambda: compiler.compiled(return_type, details)) if self.plan else None
            found = places[key] = Place(made)
        return found

    def given(self, compiled: Compiled) -> Sequence[Mapping[Any, Any]]:
        return [each.read(self, self.converter) for each in compiled.given] if compiled.given else ()
