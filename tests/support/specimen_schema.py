# ruff: noqa: ARG002, PLR0917 - resolvers with parameters of every sort, whether they use them or not
"""A schema made for comparing two ways of execution: one of everything, and resolvers of every sort."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry.schema.config import StrawberryConfig

from db.session import AsyncSession
from domain.along import Along
from gql.access import OPEN
from gql.context import Info
from gql.defaults import without_null_defaults
from gql.scalars import SCALARS

T = TypeVar("T")
CALLS: Counter[tuple[str, str]] = Counter()
"""Calls of resolvers, by field and object."""


def called(field: str, source: Any) -> None:
    CALLS[field, getattr(source, "title", "")] += 1


@strawberry.enum
class Genre(Enum):
    NOVEL = "novel"
    POEM = strawberry.enum_value("poem", name="VERSE")


@strawberry.input
class Where:
    genre: Genre = Genre.NOVEL
    words: list[str] = strawberry.field(default_factory=list[str])
    below: "Where | None" = None
    note: strawberry.Maybe[str | None]


async def authors_by_title(_session: AsyncSession, keys: Sequence[str]) -> Mapping[str, str]:
    """Batch function: who wrote each book."""
    return {key: f"author of {key}" for key in keys if key != "Anonymous"}


async def sequels(_session: AsyncSession, keys: Sequence[str]) -> Mapping[str, str]:
    """Batch function that nothing is ever known of beforehand."""
    await asyncio.sleep(0)
    return {key: f"{key} II" for key in keys}


@strawberry.interface
class Entry:
    title: str

    @strawberry.field
    def shelf_mark(self) -> str:
        called("shelfMark", self)
        return f"{type(self).__name__} {self.title}"


@strawberry.type
class Author:
    name: str
    born: int | None = None

    @strawberry.field
    def books(self) -> "list[Book]":
        return [book("Dune"), book("Emma")]


@strawberry.type
class Film(Entry):
    minutes: int


@strawberry.type
class Page(Generic[T]):
    things: list[T]
    first: T | None

    @strawberry.field
    def size(self) -> int:
        return len(self.things)


@strawberry.type
class Book(Entry):
    genre: Genre = Genre.NOVEL
    pages: int = 100
    price: Decimal | None = None
    printed: datetime = datetime(2026, 11, 21, tzinfo=UTC)

    @strawberry.field
    def echo(
        self,
        text: str | None = None,
        number: int = 7,
        genre: Genre | None = Genre.POEM,
        moment: datetime | None = None,
        amount: Decimal | None = None,
        where: Where | None = None,
        words: list[str] | None = None,
    ) -> str:
        called("echo", self)
        return repr((text, number, genre, moment, amount, where, words))

    @strawberry.field
    def told(self, info: Info, other_name: Annotated[str, strawberry.argument(name="as")] = "it") -> str:
        return f"{other_name} {self.title} {info.context.tenant.slug} {info.context.actor.kind}"

    @strawberry.field
    def needs(self, word: str | None) -> str:
        return repr(word)

    @strawberry.field
    async def author(self, info: Info) -> Author | None:
        """Known beforehand of the books on a shelf."""
        called("author", self)
        name = await info.context.loaders.of(authors_by_title).load(self.title)
        return Author(name=name) if name else None

    @strawberry.field
    async def sequel(self, info: Info) -> "Book | None":
        """Never known beforehand."""
        name = await info.context.loaders.of(sequels).load(self.title)
        return book(name) if name else None

    @strawberry.field
    async def careless(self, info: Info) -> str:
        """Catches whatever goes wrong, as nobody should."""
        try:
            return str(await info.context.loaders.of(sequels).load(self.title))
        except Exception:
            return "nothing"

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(0)
        return f"slow {self.title}"

    @strawberry.field
    async def patient(self, info: Info) -> str:
        await asyncio.sleep(0)
        return f"patient {self.title}"

    @strawberry.field
    def path(self, info: Info) -> str:
        """Asks for what only graphql-core knows."""
        return ".".join(map(str, info.path.as_list()))

    @strawberry.field
    def editor(self) -> Author:
        return Author(name=f"editor of {self.title}")

    @strawberry.field
    def entries(self) -> list[Entry]:
        return [film("Alien"), book("Emma")]

    @strawberry.field
    def likewise(self) -> "Annotated[Book | Film, strawberry.union('Found')]":
        return film("Alien") if self.title == "Dune" else book("Dune")

    @strawberry.field
    def grid(self) -> list[list[Genre | None]]:
        return [[Genre.NOVEL, None], [], [Genre.POEM]]

    @strawberry.field
    def blurb(self) -> str | None:
        if self.title != "Dune":
            raise ValueError(f"no blurb of {self.title}")
        return "sand"

    @strawberry.field
    def isbn(self) -> str:
        if self.title == "Emma":
            raise ValueError("no isbn")
        return "978"

    @strawberry.field
    async def worth(self, info: Info) -> int:
        if self.title == "Emma":
            raise ValueError("priceless")
        return 5


@strawberry.type
class Shelf:
    name: str

    @strawberry.field
    def books(self) -> list[Book]:
        return [book("Dune"), book("Emma")]

    @strawberry.field
    def gaps(self) -> list[Book | None] | None:
        return [book("Dune"), None, book("Emma")]

    @strawberry.field
    def rows(self) -> list[list[Book | None]]:
        return [[book("Dune"), None], [], [book("Emma")]]

    @strawberry.field
    def one(self) -> Book | None:
        return book("Dune")

    @strawberry.field
    def none(self) -> Book | None:
        return None

    @strawberry.field
    def entries(self) -> list[Entry]:
        return [book("Dune"), film("Alien"), book("Emma")]

    @strawberry.field
    def page(self) -> Page[Book]:
        return Page(things=[book("Dune"), book("Emma")], first=book("Emma"))

    @strawberry.field
    def films(self) -> Page[Film]:
        return Page(things=[film("Alien")], first=None)

    @strawberry.field
    async def found(
        self,
        info: Info,
        first: int = 2,
        after: str | None = "D",
        genre: Genre | None = Genre.NOVEL,
        where: Where | None = None,
        word: strawberry.ID | None = None,
        fresh: bool = True,
    ) -> list[Book]:
        """Waits, and tells what it was asked."""
        called("found", self)
        titles = ("Dune", repr((first, after, genre, where, word, fresh)), "Emma")
        info.context.take(Along(None, {authors_by_title: {title: f"author of {title}" for title in titles}}))
        await info.context.loaders.of(sequels).load("any")
        return [book(title) for title in titles][:first]

    @strawberry.field
    async def lost(self, info: Info, title: str = "no shelf") -> Book | None:
        await asyncio.sleep(0)
        if title == "no shelf":
            raise ValueError(title)
        return book(title) if title else None

    @strawberry.field
    async def must(self, info: Info, title: str = "") -> Book:
        await asyncio.sleep(0)
        return book(title) if title else None  # pyright: ignore[reportReturnType] - what must not be

    @strawberry.field
    async def where(self, info: Info) -> str:
        """Asks for what only graphql-core knows, and takes no for an answer."""
        return "here" if hasattr(info, "path") and hasattr(info.context, "request_id") else "nowhere"

    @strawberry.field
    def below(self, name: str = "B") -> "Shelf | None":
        return Shelf(name=name) if name else None

    @strawberry.field
    def words(self) -> Page[str]:
        return Page(things=["a", "b"], first="a")


def book(title: str) -> Book:
    return Book(title=title, price=Decimal("4.750") if title == "Dune" else None)


def film(title: str) -> Film:
    return Film(title=title, minutes=117)


@strawberry.type
class Query:
    @strawberry.field(metadata={"access": OPEN})
    def shelf(self) -> Shelf | None:
        return Shelf(name="A")

    @strawberry.field(metadata={"access": OPEN})
    async def books(self, info: Info) -> list[Book]:
        """Nothing is known beforehand."""
        return [book("Dune"), book("Anonymous"), book("Emma")]

    @strawberry.field(metadata={"access": OPEN})
    def entry(self) -> Entry:
        return book("Dune")


@strawberry.type
class Mutation:
    @strawberry.mutation(metadata={"access": OPEN})
    async def rename(self, info: Info, title: str) -> Book:
        called("rename", self)
        return book(title)


KNOWN = Along(None, {authors_by_title: {title: f"author of {title}" for title in ("Dune", "Emma")}})
"""What the requests of these tests have in memory."""


def specimen_schema() -> strawberry.Schema:
    """Configured as the product's schemas are."""
    config = StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True)
    return without_null_defaults(strawberry.Schema(query=Query, mutation=Mutation, config=config))
