"""Both endpoints against the audits of the GraphQL over HTTP specification."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from tests.support.api import Api
from tests.support.factories import Factory
from tests.support.node import run_script

AUDIT = Path(__file__).parents[1] / "support" / "graphql_http" / "audit.mjs"


@dataclass(frozen=True)
class Audit:
    """What came of one audit. `answered` is the status of an answer that failed it."""

    id: str
    name: str
    status: str
    reason: str | None = None
    answered: int | None = None

    @property
    def level(self) -> str:
        """MUST, SHOULD or MAY."""
        return self.name.split()[0]

    def __str__(self) -> str:
        outcome = "passes" if self.status == "ok" else f"FAILS: {self.reason} (answered {self.answered})"
        return f"{self.id} {self.name}: {outcome}"


RESULTS = TypeAdapter(list[Audit])


@pytest.mark.parametrize("path", ["/graphql", "/admin/graphql"])
async def test_every_must_and_should_of_graphql_over_http_is_kept(api: Api, factory: Factory, path: str) -> None:
    """The optional ones are told where something fails; among them are those of GET, which executes nothing here."""
    token = (await factory.operator()).token
    audits = RESULTS.validate_json(await run_script(AUDIT, api.url + path, token))
    assert Counter(audit.level for audit in audits) == {"MUST": 13, "SHOULD": 23, "MAY": 25}
    optional = [audit for audit in audits if audit.level == "MAY" and audit.status != "fatal"]
    failed = [audit for audit in audits if audit.status != "ok" and audit not in optional]
    assert not failed, "\n".join(map(str, [*failed, "", "Optional:", *optional]))
