"""What a request asks of objects, as a plain tree: what read builders are told instead of a document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

Below = tuple[tuple[str, "Selection"], ...]
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Selection:
    """The fields of an object that one part of a request asks for, by their Python names.

    `anywhere` holds, by type, the fields that any part of the request selects: parts share the rows they read, so
    each reads the columns of all. `here` and `below` decide which related rows this part reads.
    """

    here: frozenset[str]
    anywhere: frozenset[tuple[str, frozenset[str]]]
    below: Below = ()
    digest: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Compared for every request: walking the whole tree each time would cost as much as the statement.
        object.__setattr__(self, "digest", hash((self.here, self.anywhere, self.below)))

    def __hash__(self) -> int:
        return self.digest

    def of(self, name: str) -> "Selection":
        """What is asked of the objects in a field; nothing where it is not selected here."""
        return next((found for each, found in self.below if each == name), Selection(NOTHING, self.anywhere))

    def reaches(self, path: Sequence[str]) -> bool:
        """Whether a field is asked for that a path of fields leads to from here."""
        name, *rest = path
        return name in self.here and (not rest or self.of(name).reaches(rest))

    def fields_of(self, kind: str) -> frozenset[str]:
        """The fields that the request selects of a type, wherever."""
        return next((fields for each, fields in self.anywhere if each == kind), NOTHING)


def selection(fields: Mapping[str, Iterable[str]], here: Iterable[str] = (), **below: Selection) -> Selection:
    """A selection of `here`, in a request that selects `fields` by type."""
    anywhere = frozenset((kind, frozenset(names)) for kind, names in fields.items())
    return Selection(frozenset([*here, *below]), anywhere, tuple(sorted(below.items(), key=itemgetter(0))))


def merged(selections: Iterable[Selection]) -> Selection:
    """What several parts of one request ask of the same objects."""
    parts = list(selections)
    if len(parts) == 1:
        return parts[0]
    names = sorted({name for part in parts for name, _ in part.below})
    return Selection(
        here=frozenset(name for part in parts for name in part.here),
        anywhere=parts[0].anywhere,
        below=tuple((name, merged(part.of(name) for part in parts)) for name in names),
    )
