"""What is searched for and what is found, as the API, the domain and every search engine speak of it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from domain.catalog import Availability
from domain.errors import FaultCode, Faults
from domain.money import LARGEST
from domain.tags import tag_key
from domain.texts import SLUG

LONGEST_QUERY = 200
MOST_CHOICES = 20
MOST_RANKED = 5_000
"""Of more matches only the newest are put in order by relevance."""
MOST_COUNTED = 10_000
"""Of more matches no more are counted."""
PRICE_BOUNDS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
"""Where the ranges of prices meet that facets count, in thousandths."""


class SearchSort(Enum):
    """In which order results come. Without words there is no relevance: then the newest come first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    NAME_AR = "name_ar"
    NAME_EN = "name_en"


class Dimension(Enum):
    """By what results are counted."""

    CATEGORY = "category"
    TAG = "tag"
    KIND = "kind"
    AVAILABILITY = "availability"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What results are narrowed to; None or no choice leaves it open, of several choices one must fit.

    `category` is a slug and means everything below it, too. Prices are those of the cheapest variant, ends included.
    """

    category: str | None = None
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    availabilities: Sequence[Availability] | None = None
    kinds: Sequence[str] | None = None
    tags: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Everything that decides what is found and in which order. `text` may be empty: then it is a list."""

    text: str
    statuses: Sequence[str]
    narrowed: SearchFilter = SearchFilter()
    sort: SearchSort = SearchSort.RELEVANCE


@dataclass(frozen=True, slots=True)
class Match:
    """An item that was found. `position` is where it stands, for the engine that has found it."""

    item_id: uuid.UUID
    position: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind a match, found by a `reading` of the text."""

    behind: Match
    reading: str


@dataclass(frozen=True, slots=True)
class Matches:
    """The first matches behind a place, at most as many as were asked for.

    `reading` is how the engine has understood the text, in its own words: empty as it is written, else for want of
    matches in another way. Whoever asks for more, or counts, hands it back.
    """

    found: Sequence[Match]
    reading: str = ""
    corrected: str | None = None
    """The text that was searched for in place of what was asked for."""


@dataclass(frozen=True, slots=True)
class Facets:
    """How many results there are of each value, by dimension. Values are identifiers of categories, keys of tags,
    names of kinds and availabilities; of a price the number of bounds that it has reached.
    """

    counts: Mapping[Dimension, Mapping[str, int]]

    def of(self, dimension: Dimension) -> Sequence[tuple[str, int]]:
        """The most frequent first."""
        return sorted(self.counts.get(dimension, {}).items(), key=lambda each: (-each[1], each[0]))


def checked_text(text: str | None) -> str:
    """What is searched for, as a database can store it. Fault: TOO_LONG."""
    faults, given = Faults(), text or ""
    if len(given) > LONGEST_QUERY:
        faults.add(FaultCode.TOO_LONG, f"A search has at most {LONGEST_QUERY} characters.", "query")
    faults.raise_any()
    # Half a surrogate pair has no UTF-8, and Postgres stores no NUL: both part words as punctuation does.
    return "".join(" " if each == "\0" or "\ud800" <= each <= "\udfff" else each for each in given)


def tag_keys(tags: Sequence[str] | None) -> Sequence[str] | None:
    """What tags are found by; those that no item can have are left out, and nothing fits where none is left."""
    return None if not tags else [key for key in map(tag_key, tags) if key is not None]


def checked_filter(given: SearchFilter) -> SearchFilter:
    """Raises everything that is wrong with a filter at once."""
    faults = Faults()
    for name, price in (("gte", given.price_from), ("lte", given.price_to)):
        if price is not None and (not 0 <= price <= LARGEST or price != round(price, 3)):
            faults.add(
                FaultCode.INVALID, f"A price is between 0 and {LARGEST}, with three decimals.", "filter", "price", name
            )
    choices = {"availability": given.availabilities, "kind": given.kinds, "tags": given.tags}
    for name, chosen in choices.items():
        if chosen is not None and len(chosen) > MOST_CHOICES:
            faults.add(FaultCode.TOO_LONG, f"At most {MOST_CHOICES} choices.", "filter", name)
    faults.raise_any()
    return replace(
        given,
        availabilities=given.availabilities or None,
        kinds=given.kinds or None,
        tags=tag_keys(given.tags),
    )


def is_impossible(narrowed: SearchFilter) -> bool:
    """A filter that nothing can fit, without asking: also what no database could be asked."""
    category, tags = narrowed.category, narrowed.tags
    return (category is not None and not SLUG.fullmatch(category)) or any(
        chosen is not None and not chosen for chosen in (narrowed.availabilities, narrowed.kinds, tags)
    )
