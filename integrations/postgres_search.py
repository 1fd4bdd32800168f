"""The search engine that every tenant begins with: Postgres itself, whose documents are never older than a commit.

A text is first taken as it is written. Where nothing has its words, each that is unknown is taken for the known ones
that are nearest; where still nothing has them all, any of them will do.
"""

import json
import string
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from asyncpg import DataError

from db.queries.search import COUNT, FACETS, FIND, SHOWN, SPELLING
from db.rows import Record, Rows, read_rows
from db.session import Database, Scope
from domain.catalog import Availability
from domain.errors import FaultCode, UserFault
from domain.searches import PRICE_BOUNDS, Dimension, Facets, Match, Matches, Place, Search
from domain.spelling import MOST_GUESSES, Known, guesses

MOST_WORDS, LONGEST_WORD = 16, 60
"""Of a text so many words count, and of each so many letters: see `search_words`."""
LONGEST_CHOICE = MOST_GUESSES * (LONGEST_WORD + 1)
RANKS = {Availability.SOLD_OUT: 0, Availability.FEW_LEFT: 1, Availability.IN_STOCK: 2}
MOST_LOOKED_AT = 10
EDGES = string.punctuation + "«»“”‘’،؛؟٪–—…·\u200e\u200f"
"""What may stand next to a word and is none of it."""
NAMED_RANKS = {str(rank): availability.value for availability, rank in RANKS.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text is understood.

    For each word those that it may be `meant` for, None as written; `partly` if any of the words will do.
    """

    meant: Sequence[str] | None = None
    partly: bool = False

    def written(self) -> str:
        return "" if self == Reading() else json.dumps([self.meant, self.partly], ensure_ascii=False)

    @classmethod
    def of(cls, written: str) -> Self:
        """Raises a fault for anything that was not written by this engine."""
        try:
            meant, partly = json.loads(written) if written else (None, False)
            choices = None if meant is None else tuple(f"{each}" for each in meant)
        except (ValueError, TypeError, RecursionError) as error:
            raise foreign_cursor() from error
        if choices and (len(choices) > MOST_WORDS or max(map(len, choices)) > LONGEST_CHOICE):
            raise foreign_cursor()  # else whoever writes one would pay for one search and have thousands of words read
        return cls(choices, bool(partly))


@dataclass(frozen=True, slots=True)
class Spelling:
    """What is known of a text's words."""

    words: Sequence[Record]

    @property
    def complete(self) -> bool:
        """Something has them all, whatever results are narrowed to."""
        return not self.words or bool(self.words[0]["complete"])

    def choices(self) -> Sequence[Sequence[str]]:
        """For each word what it may be meant for: itself where it is known, nothing where nobody can tell."""
        last = len(self.words) - 1
        return [
            [word["word"]]
            if word["is_known"]
            else guesses(
                word["sound"],
                [Known(*each) for each in zip(word["similar_words"] or (), word["similar_sounds"] or (), strict=True)],
                begun=place == last,
            )
            for place, word in enumerate(self.words)
        ]


class PostgresSearch:
    """What `domain.ports.SearchEngine` says of these methods."""

    name = "postgres"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: uuid.UUID, wanted: Search, *, first: int, after: Place | None) -> Matches:
        async with read_rows(self._database, Scope(tenant_id)) as rows:
            reading = Reading.of(after.reading) if after else Reading()
            found = await matches(rows, wanted, reading, first, after)
            if found or after is not None or not wanted.text:
                return Matches(found, reading.written())
            return await self._guess(rows, wanted, first)

    async def _guess(self, rows: Rows, wanted: Search, first: int) -> Matches:
        """Nothing was found of what is written: of what may have been meant."""
        values = {"asked": wanted.text, "statuses": list(wanted.statuses)}
        spelling = Spelling(await rows.fetch(SPELLING, values))
        if spelling.complete:  # what is searched for is there, but not where it is looked for
            return Matches(())
        choices = [each for each in spelling.choices() if each]
        meant = tuple(" ".join(each) for each in choices)
        for partly in (False, True):
            reading = Reading(meant, partly)
            found = await matches(rows, wanted, reading, first, None) if meant else ()
            if found:
                return Matches(found, reading.written(), await corrected(rows, wanted.text, spelling, found))
        return Matches(())

    async def count(self, tenant_id: uuid.UUID, wanted: Search, *, reading: str) -> int:
        values = asked(wanted, Reading.of(reading))
        async with read_rows(self._database, Scope(tenant_id)) as rows:
            (counted,) = await rows.fetch(COUNT, values)
        return counted["number"]

    async def facets(
        self, tenant_id: uuid.UUID, wanted: Search, *, reading: str, dimensions: Collection[Dimension]
    ) -> Facets:
        values = asked(wanted, Reading.of(reading))
        values |= {"dimensions": [each.value for each in dimensions], "bounds": list(PRICE_BOUNDS)}
        async with read_rows(self._database, Scope(tenant_id)) as rows:
            records = await rows.fetch(FACETS, values)
        counts: dict[Dimension, dict[str, int]] = {each: {} for each in dimensions}
        for dimension, value, number in records:
            named = NAMED_RANKS[value] if dimension == Dimension.AVAILABILITY.value else value
            counts[Dimension(dimension)][named] = number
        return Facets(counts)


async def corrected(rows: Rows, asked_text: str, spelling: Spelling, found: Sequence[Match]) -> str | None:
    """The words that were searched for instead, to show; None if they are those that were asked for.

    Words are known as they are folded, which people take for misspelt: what needed no correction is told as it was
    typed, the others as the first items that were found write them.
    """
    words = [each[0] for each in spelling.choices() if each]
    if words == [word["word"] for word in spelling.words]:
        return None
    item_ids = [match.item_id for match in found[:MOST_LOOKED_AT]]
    written = await rows.fetch(SHOWN, {"asked": asked_text, "words": words, "item_ids": item_ids})
    typed = {word["word"] for word in spelling.words}
    shown = {word: word for word in words} | {word: part.strip(EDGES) for word, part in written}
    return " ".join(shown[word] if word in typed else shown[word].lower() for word in words)


def foreign_cursor() -> UserFault:
    return UserFault(FaultCode.INVALID, "This cursor was not made by this list.", ("after",))


async def matches(rows: Rows, wanted: Search, reading: Reading, first: int, after: Place | None) -> Sequence[Match]:
    behind = after.behind if after else None
    values = asked(wanted, reading) | {
        "sorted": wanted.sort.value,
        "behind": behind and behind.position,
        "behind_id": behind and behind.item_id,
        "most": first,
    }
    try:
        found = await rows.fetch(FIND, values)
    except DataError as error:
        # What a list is sorted by is compared as what it is: only a place that nobody made is of another type.
        raise foreign_cursor() from error
    return [Match(record["item_id"], record["value"]) for record in found]


def asked(wanted: Search, reading: Reading) -> dict[str, Any]:
    """The parameters that every statement of a search takes."""
    narrowed = wanted.narrowed
    prices: Mapping[str, Any] = {"price_from": narrowed.price_from, "price_to": narrowed.price_to}
    return {
        "asked": wanted.text,
        "meant": None if reading.meant is None else list(reading.meant),
        "partly": reading.partly,
        "statuses": list(wanted.statuses),
        "kinds": None if narrowed.kinds is None else list(narrowed.kinds),
        "availabilities": None
        if narrowed.availabilities is None
        else [RANKS[each] for each in narrowed.availabilities],
        "shelf": narrowed.category,
        "labels": None if narrowed.tags is None else list(narrowed.tags),
        **{name: None if price is None else int(price * 1000) for name, price in prices.items()},
    }
