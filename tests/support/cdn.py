"""A shared cache as a CDN puts before the API: by RFC 9111, as far as the API relies on it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

import httpx

SHARED_SECONDS = re.compile(r"s-maxage=(\d+)")


@dataclass(slots=True)
class Stored:
    """An answer, and the values of the request's headers that it depends on."""

    answer: httpx.Response
    depends: Mapping[str, str | None]
    until: float


@dataclass(slots=True)
class Cdn:
    """Answers from what it stored while that is fresh, asks the origin with `If-None-Match` afterwards."""

    origin: httpx.AsyncClient
    stored: dict[str, list[Stored]] = field(default_factory=dict[str, list[Stored]])
    asked: list[int] = field(default_factory=list[int])
    """The status of each answer of the origin."""

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        sent = {"host": "localhost", **(headers or {})}
        found = self.find(f"{sent['host']} {url}", sent)
        if found and monotonic() < found.until:
            return found.answer
        condition = {"if-none-match": found.answer.headers["etag"]} if found else {}
        answer = await self.origin.get(url, headers=sent | condition)
        self.asked.append(answer.status_code)
        if found and answer.status_code == 304:
            found.until = monotonic() + seconds_of(answer)
            return found.answer
        if answer.headers["cache-control"].startswith("public"):
            depends = {name: sent.get(name) for name in answer.headers["vary"].lower().split(", ")}
            fresh = Stored(answer, depends, monotonic() + seconds_of(answer))
            kept = self.stored.setdefault(f"{sent['host']} {url}", [])
            kept[:] = [*(each for each in kept if each.depends != depends), fresh]
        return answer

    def find(self, key: str, sent: Mapping[str, str]) -> Stored | None:
        matching = (
            each
            for each in self.stored.get(key, [])
            if all(sent.get(name) == value for name, value in each.depends.items())
        )
        return next(matching, None)


def seconds_of(answer: httpx.Response) -> int:
    found = SHARED_SECONDS.search(answer.headers["cache-control"])
    return int(found[1]) if found else 0
