"""Asking for everything as one audience, and what was not as the matrix says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gql.errors import ErrorCode
from gql.limits import MOST_WRITTEN_FIELDS
from gql.pipeline import MOST_ERRORS
from gql.schema import admin_schema, public_schema
from tests.support.api import Reply
from tests.support.authorisation.audiences import PRIVILEGED, PUBLIC, Audience, Refusal
from tests.support.authorisation.inputs import FAULTS, INPUTS, Given
from tests.support.authorisation.matrix import DOOR_ALONE, MATRIX, NULL_FOR_SOME
from tests.support.authorisation.selections import (
    NULL,
    SEEN,
    Answer,
    Asked,
    argument_types,
    core,
    everything_of,
    roots_of,
    routes_of,
    rows_of,
    written_out,
)
from tests.support.authorisation.stage import Stage

EVERYTHING, PUBLISHED = core(admin_schema), core(public_schema)
PUBLIC_ROWS = frozenset(rows_of(PUBLISHED))
REFUSED = {401: ErrorCode.UNAUTHENTICATED.name, 403: ErrorCode.FORBIDDEN.name}
WITNESSES = (Audience.OWNER, Audience.CENTER_CONTROL, Audience.CUSTOMER)
"""One of them may do anything that anybody may."""


def size_of(asked: Asked) -> int:
    """How many fields are written, with a `__typename` on each level."""
    return 2 + sum(size_of(each) for each in asked.below)


PROVING = frozenset({Audience.GUEST, Audience.API_KEY_WITHOUT_SCOPE})
"""Whose refused inputs are shown to be good ones: the same are made for everybody, so two of them are enough."""


class Run:
    """One audience's column. `wrong` collects sentences; `shown` the rows that it was shown a value of."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.audience = stage, stage.audience
        self.wrong: list[str] = []
        self.shown: set[str] = set()

    def grants(self, row: str) -> bool:
        return row in MATRIX and self.audience in MATRIX[row].audiences

    async def read(self) -> None:
        """Ask every root field of the query for everything below it. Reading changes nothing."""
        before = await self.stage.tools.rows()
        for route in routes_of(EVERYTHING, self.grants):
            for part in self.in_parts(route):
                self.judge(part, await self.stage.ask(f"{{ {part.text(self.stage.arguments)} }}"))
        self.expect_unchanged("reading", before, await self.stage.tools.rows())

    def in_parts(self, route: Asked) -> Iterator[Asked]:
        """As many documents as it takes to be told of each refused field, and none that is too large."""
        middle = len(route.below) // 2
        few_errors = sum(not self.grants(each.row) for each in route.below) < MOST_ERRORS
        if (few_errors and size_of(route) < MOST_WRITTEN_FIELDS) or middle == 0:
            yield route
        else:
            yield from self.in_parts(replace(route, below=route.below[:middle]))
            yield from self.in_parts(replace(route, below=route.below[middle:]))

    async def act(self) -> None:
        """Do everything that can be done, with inputs that succeed for those who may."""
        mutations = {root.name: root for root in roots_of(EVERYTHING, "mutation")}
        for name, prepare in INPUTS.items():
            route = written_out(EVERYTHING, mutations[name], self.grants)
            await self.perform(route, await prepare(self.stage))

    async def perform(self, route: Asked, given: Given) -> None:
        document, variables = self.mutation(route, given)
        before = await self.stage.tools.rows()
        reply = await self.stage.ask(document, variables)
        after = await self.stage.tools.rows()
        self.judge(route, reply)
        if self.grants(route.row):
            self.expect(not faults_of(reply, route), route.row, f"answered {faults_of(reply, route)}")
            self.expect(before != after, route.row, "succeeded, and changed nothing")
        else:
            self.expect_unchanged(route.row, before, after)
            if self.audience in PROVING:
                await self.expect_valid(route, document, variables)

    async def push(self) -> None:
        """With every door open and whatever is granted left alone: what is inside refuses by itself."""
        for root in roots_of(EVERYTHING, "query"):
            if not self.grants(root.row):
                for field in everything_of(root.kind):
                    root.below = [field]
                    reply = await self.stage.ask(f"{{ {root.text(self.stage.arguments)} }}", endpoint=PRIVILEGED)
                    self.expect_locked(field.row, reply)
        for mutation in roots_of(EVERYTHING, "mutation"):
            if not self.grants(mutation.row):
                mutation.below = [each for each in everything_of(mutation.kind) if each.name == "userErrors"]
                given = await INPUTS[mutation.name](self.stage)
                before = await self.stage.tools.rows()
                self.expect_locked(
                    mutation.row, await self.stage.ask(*self.mutation(mutation, given), endpoint=PRIVILEGED)
                )
                self.expect_unchanged(mutation.row, before, await self.stage.tools.rows())

    def expect_locked(self, row: str, reply: Reply) -> None:
        told = reply.status, reply.codes
        if row in DOOR_ALONE:
            self.expect(told == (200, []), row, f"is locked by now, and needs no mention in DOOR_ALONE: {told}")
        else:
            self.expect(told == (200, [REFUSED[403]]), row, f"has no lock behind its door: {told}")

    async def expect_valid(self, route: Asked, document: str, variables: Mapping[str, Any]) -> None:
        """What was refused succeeds, to the letter, for somebody who may: so nothing but the right was missing."""
        witness = next(each for each in WITNESSES if each in MATRIX[route.row].audiences)
        reply = await self.stage.ask_as(witness, document, variables)
        # A field of the answer may not be for the witness: it was asked for as the audience would see it.
        done = reply.status == 200 and set(reply.codes) <= {REFUSED[403]} and not faults_of(reply, route)
        self.expect(done, route.row, f"is no good input: {witness.name} was answered {reply.body}")

    async def fail(self) -> None:
        """Make every kind of mistake that the audience can make, and read what is told of it. It changes nothing."""
        mutations = {root.name: root for root in roots_of(EVERYTHING, "mutation")}
        for kind, mistakes in FAULTS.items():
            for name, prepare in mistakes.items():
                if self.grants(mutations[name].row):
                    given = await prepare(self.stage)
                    await self.mistake(mutations[name], kind, given)

    async def mistake(self, mutation: Asked, kind: str, given: Given) -> None:
        payload: Any = mutation.kind.fields["userErrors"]
        errors = Asked(mutation.kind.name, "userErrors", payload, on=kind)
        mutation.below = [written_out(EVERYTHING, errors, self.grants)]
        document, variables = self.mutation(mutation, given)
        before = await self.stage.tools.rows()
        reply = await self.stage.ask(document, variables)
        self.expect_unchanged(f"{mutation.row} with {kind}", before, await self.stage.tools.rows())
        for row, outcome in Answer(reply.body).outcomes(mutation):
            if row == errors.narrowed_row:
                self.expect(outcome == SEEN, row, f"answered {reply.body}")
            else:
                self.judge_field(row, outcome, mutation.row)

    def mutation(self, route: Asked, given: Given) -> tuple[str, Mapping[str, Any]]:
        if not route.definition.args:
            return f"mutation {{ {route.text(self.stage.arguments)} }}", {}
        kind = argument_types(route.definition)["input"]
        arguments = {**self.stage.arguments, route.row: "input: $input"}
        return f"mutation($input: {kind}) {{ {route.text(arguments)} }}", {"input": given}

    def judge(self, route: Asked, reply: Reply) -> None:
        """Compare a whole answer with the matrix, field by field."""
        if self.grants(route.row):
            if reply.status != 200:
                self.expect(False, route.narrowed_row, f"answered {reply.status} {reply.codes}")
                return
            self.expect(len(reply.codes) < MOST_ERRORS, route.narrowed_row, "has too many errors to see them all")
            for row, outcome in Answer(reply.body).outcomes(route):
                self.judge_field(row, outcome, route.narrowed_row)
        else:
            told = (reply.status, *sorted(set(reply.codes)))
            nothing = reply.body.get("data") is None
            expected = self.at_the_door(route.row)
            self.expect(told == expected and nothing, route.narrowed_row, f"answered {told} instead of {expected}")

    def at_the_door(self, row: str) -> tuple[int, str]:
        """How a root field refuses: before anything runs."""
        if self.audience.endpoint == PUBLIC and row not in PUBLIC_ROWS:
            return 200, ErrorCode.GRAPHQL_VALIDATION_FAILED.name
        status = 401 if self.audience is Audience.GUEST else 403
        return status, REFUSED[status]

    def judge_field(self, row: str, outcome: str, through: str) -> None:
        if self.grants(row):
            self.expect(outcome in (SEEN, NULL), row, f"answered {outcome}, through {through}")
            self.shown |= {row} if outcome == SEEN else set()
        else:
            others = MATRIX[row].others if row in MATRIX else None
            expected = {Refusal.FORBIDDEN: ErrorCode.FORBIDDEN.name, Refusal.NULL: NULL, None: "never reached"}[others]
            self.expect(outcome == expected, row, f"answered {outcome} instead of {expected}, through {through}")

    def expect(self, right: bool, row: str, sentence: str) -> None:
        if not right:
            self.wrong.append(f"{row} for {self.audience.name} {sentence}")

    def expect_unchanged(self, row: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        changed = [table for table in after if before.get(table) != after[table]]
        self.expect(not changed, row, f"changed {changed}")

    def promised_but_never_shown(self) -> Iterator[str]:
        """Rows that name the audience, though it was never shown a value."""
        for row in MATRIX:
            if self.grants(row) and row not in self.shown and row not in NULL_FOR_SOME:
                yield f"{row} for {self.audience.name} was never shown"


def faults_of(reply: Reply, route: Asked) -> list[Any]:
    """The user errors of a mutation that was executed."""
    data: dict[str, Any] = reply.body.get("data") or {}
    payload: dict[str, Any] | None = data.get(route.name)
    return payload["userErrors"] if payload else [reply.body]


async def knock_at_center_control(stage: Stage) -> list[str]:
    """Ask the privileged endpoint for every root field; whatever is no refusal before anything ran."""
    run, refused = Run(stage), (401 if stage.audience is Audience.GUEST else 403)
    for route in (*routes_of(EVERYTHING, run.grants), *roots_of(EVERYTHING, "mutation")):
        is_query = route.parent == "Query"
        document = f"{{ {route.text(stage.arguments)} }}" if is_query else run.mutation(route, {})[0]
        reply = await stage.ask(document, endpoint=PRIVILEGED)
        told = reply.status, reply.codes, reply.body.get("data")
        run.expect(told == (refused, [REFUSED[refused]], None), route.row, f"answered {told} in center control")
    return run.wrong
