"""What a resolver can know of the fields below it, so that one statement reads for all of them."""

from typing import Any

from graphql import get_named_type

from db.queries.selections import Selection
from gql.context import Info


def selected(info: Info, *paths: str) -> Selection:
    """What is asked of the field's own objects, or of those at the ends of `paths`, such as `edges.node`."""
    raw: Any = info._raw_info  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportUnknownVariableType] - the document's nodes have no public name
    return info.context.selections.of(get_named_type(raw.return_type), raw.field_nodes, *paths)  # pyright: ignore[reportUnknownArgumentType] - generic in the context
