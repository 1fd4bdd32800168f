"""graphql-core's executor with a fast path: values whose selection is plain are completed by a compiled function."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLNonNull
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import Executor

from gql.compiled import Compiled, Compiler
from gql.elements import Elements
from gql.plans import Place, Places, Plan
from gql.present import PresentInfo, WouldWait


class FastExecutor(Executor[Any]):
    """Executes as graphql-core does; `plan` holds what is compiled of the operation, `converter` the types."""

    def __init__(self, *args: Any, plan: Plan | None, converter: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # pyright: ignore[reportUnknownMemberType] - graphql-core leaves parts unknown
        self.converter, self.plan = converter, plan
        self.places = plan.places(self.variable_values.coerced) if plan else None
        self.present = PresentInfo(self.context_value)
        self.elements: Elements = self.context_value.elements

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
