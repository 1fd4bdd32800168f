"""Many rows by one call: each row is checked for itself, and what was refused of it is told beside it.

The statements do not grow with the rows. Locks are taken in one order: items by id, variants by id, categories and
pictures by id.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import violated
from domain.errors import FaultCode, UserFault, UserFaults

MOST_ROWS = 100
ATTEMPTS = 3

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Made]):
    """What became of a row: something made or changed, or why not. Neither, if other rows kept it from being done."""

    made: Made | None = None
    faults: Sequence[UserFault] = ()


class RowsRefused(Exception):
    """Nothing was done, since rows were refused and all were to be done or none."""

    def __init__(self, outcomes: Sequence[Outcome[Any]]) -> None:
        super().__init__("rows were refused")
        self.outcomes = outcomes


class Batch(Generic[Given, Made]):
    """Rows by their place in the input, and what became of each so far."""

    def __init__(self, rows: Sequence[Given | UserFaults], *, field: str, skips: bool) -> None:
        """`skips` leaves refused rows out; otherwise one refused row means that none is done.

        A row that could not even be read comes as its faults.
        """
        if not rows:
            raise UserFault(FaultCode.REQUIRED, "At least one row.", (field,))
        if len(rows) > MOST_ROWS:
            raise UserFault(FaultCode.TOO_LONG, f"At most {MOST_ROWS} rows at once.", (field,))
        self.size, self.skips = len(rows), skips
        self.open: dict[int, Given] = {}
        self.faults: dict[int, Sequence[UserFault]] = {}
        for place, row in enumerate(rows):
            if isinstance(row, UserFaults):
                self.faults[place] = row.faults
            else:
                self.open[place] = row

    def refuse(self, place: int, *faults: UserFault) -> None:
        self.faults[place] = [*self.faults.get(place, ()), *faults]
        self.open.pop(place, None)

    def each(self, check: Callable[[int, Given], None]) -> None:
        """Run a check for each row that nothing is wrong with so far; what it raises is that row's."""
        for place, row in list(self.open.items()):
            try:
                check(place, row)
            except UserFault as fault:
                self.refuse(place, fault)
            except UserFaults as faults:
                self.refuse(place, *faults.faults)

    def decide(self) -> None:
        """Raise `RowsRefused` unless the rows that are left may be done."""
        if self.faults and not self.skips:
            raise RowsRefused(self.outcomes({}))

    def outcomes(self, made: Mapping[int, Made]) -> list[Outcome[Made]]:
        return [Outcome(made.get(place), self.faults.get(place, ())) for place in range(self.size)]


async def repeated(
    session: AsyncSession, attempt: Callable[[], Awaitable[list[Outcome[Made]]]], unique: Collection[str], field: str
) -> list[Outcome[Made]]:
    """The outcomes of an attempt, which is made anew where somebody else has meanwhile taken what a row wants: that
    attempt's checks see who has it, and refuse the row alone.

    `unique` are the constraints that tell so. Fault: TAKEN, for all rows, where others are faster each time.
    """
    for _ in range(ATTEMPTS):
        try:
            async with session.begin_nested():
                return await attempt()
        except IntegrityError as error:
            if violated(error) not in unique:
                raise
            session.expire_all()  # what was read and locked is anybody's again
    message = "Others keep taking what these rows are called by: nothing was done. Send them again."
    raise UserFault(FaultCode.TAKEN, message, (field,))
