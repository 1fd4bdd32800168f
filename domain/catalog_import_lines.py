"""Rows of a file as they are planned with: what each says, and what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.catalog_csv import NAMING, Problem, Row, key_of
from domain.catalog_csv_cells import Value
from domain.errors import FaultCode
from domain.texts import SLUG, LocalizedText, slug_from


@dataclass(slots=True)
class Line:
    """A row of the file, with the line that it stands in."""

    row: int
    line: int
    said: Row

    @property
    def values(self) -> dict[str, Value]:
        return self.said.values

    @property
    def problems(self) -> list[Problem]:
        return self.said.problems

    @property
    def sku(self) -> str | None:
        sku = self.values.get("sku")
        return sku if isinstance(sku, str) else None

    def refuse(self, column: str | None, code: FaultCode, message: str) -> None:
        self.said.refuse(column, code, message, self.said.cells.get(column) if column else None)

    def has_problem(self, column: str) -> bool:
        return any(problem.column == column for problem in self.problems)


@dataclass(slots=True)
class Group:
    """The rows of one item. `number` is its place in the file."""

    number: int
    lines: list[Line]

    @property
    def key(self) -> str | None:
        return next((key for line in self.lines if (key := key_of(line.values))), None)

    @property
    def is_named(self) -> bool:
        """Whether the rows say which item they are of, and not only which variants."""
        return any(self.text(column) for column in NAMING)

    def told(self, column: str) -> list[Value]:
        return [line.values[column] for line in self.lines if column in line.values]

    def text(self, column: str) -> str | None:
        """What is told of the item in a column of texts."""
        return next((value for value in self.told(column) if isinstance(value, str)), None)

    @property
    def proposal(self) -> str:
        """The slug of a new item that is given none."""
        name = LocalizedText(self.text("name_en"), self.text("name_ar"))
        return slug_from(name, self.text("kind") or "product")

    def references(self) -> set[str]:
        """Every external reference that may be the item's."""
        return {reference for reference in (self.key, self.text("external_reference")) if reference is not None}

    def variant_references(self) -> Iterable[str]:
        return (value for value in self.told("variant_reference") if isinstance(value, str))

    def skus(self) -> Iterable[str]:
        return (line.sku for line in self.lines if line.sku is not None)

    def slugs(self) -> set[str]:
        """Every slug that may be the item's, before or behind the import."""
        wanted = {self.key, self.text("slug"), self.proposal}
        return {slug for slug in wanted if slug is not None and SLUG.fullmatch(slug)}
