"""The HTTP of it, with the failures that a test asks for."""

import gzip
import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.elasticsearch.indexes import FakeIndexes
from tests.support.elasticsearch.queries import Refused

API_KEY = "key-of-the-tests"
JSON = "application/vnd.elasticsearch+json;compatible-with=9"


@dataclass
class Failure:
    """What happens to the next request whose path ends so; without status and drop it is done, perhaps later."""

    path: str
    status: int | None = None
    drops: bool = False
    """The connection ends without an answer."""
    after_doing: bool = False
    """It is done all the same, and nobody is told."""
    held: threading.Event | None = None
    """Nothing happens before this."""
    before: Callable[[], None] | None = None
    """What happens elsewhere just before it is done."""
    is_lasting: bool = False
    """The same happens to all that follow."""

    @property
    def lets_it_be_done(self) -> bool:
        return self.after_doing or (self.status is None and not self.drops)


@dataclass
class Asked:
    """A request, as it was understood."""

    method: str
    path: str
    options: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def only(self, *options: str) -> None:
        if unknown := sorted(set(self.options) - set(options)):
            raise Refused("illegal_argument_exception", f"request [{self.path}] has unrecognized parameter {unknown}")


@dataclass
class FakeElasticsearch:
    """The cluster: its indexes, what it was asked, and what is to go wrong."""

    url: str = ""
    indexes: FakeIndexes = field(default_factory=FakeIndexes)
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    failures: list[Failure] = field(default_factory=list[Failure])
    turn: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, path: str, **how: Any) -> Failure:
        self.failures.append(failure := Failure(path, **how))
        return failure

    def failure_of(self, path: str) -> Failure | None:
        failure = next((each for each in self.failures if path.endswith(each.path)), None)
        if failure and not failure.is_lasting:
            self.failures.remove(failure)
        return failure

    def answer(self, asked: Asked) -> dict[str, Any]:
        *names, last = asked.path.strip("/").split("/")
        match (asked.method, names, last):
            case ("POST", [], "_aliases"):
                asked.only()
                self.indexes.change_aliases(asked.json["actions"])
            case ("PUT" | "POST", [name], "_bulk"):
                asked.only("require_alias")
                lines = [json.loads(line) for line in asked.body.splitlines()]
                return self.indexes.bulk(name, lines, wants_alias=asked.options.get("require_alias") == "true")
            case ("POST", [name], "_search"):
                asked.only("allow_partial_search_results")
                return self.indexes.search(name, asked.json)
            case ("POST", [name], "_refresh"):
                asked.only()
                self.indexes.named(name).refresh()
            case ("PUT", [], name):
                asked.only()
                self.indexes.create(name, asked.json)
            case ("DELETE", [], name):
                asked.only()
                self.indexes.delete(name)
            case ("GET", [], pattern):
                asked.only("features")
                found = self.indexes.matching(pattern)
                return {each.name: {"aliases": {alias: {} for alias in sorted(each.aliases)}} for each in found}
            case _:
                raise Refused("unknown_in_this_fake", f"{asked.method} {asked.path}")
        return {"acknowledged": True}


class Server(ThreadingHTTPServer):
    """Knows whose requests it takes."""

    daemon_threads = True
    """A kept-alive connection would be waited for."""
    fake: FakeElasticsearch


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - as http.server has it, made more precise

    def do_GET(self) -> None:
        asked = self.understood()
        failure = self.server.fake.failure_of(asked.path) or Failure("")
        if failure.held:
            failure.held.wait(60)
        if failure.before:
            failure.before()
        status, answered = self.done(asked) if failure.lets_it_be_done else (500, {})
        if failure.drops:
            self.close_connection = True
        elif failure.status:
            self.tell(failure.status, {"error": {"type": "told_by_the_test"}, "status": failure.status})
        else:
            self.tell(status, answered)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that http.server looks for

    def understood(self) -> Asked:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        parts = urlsplit(self.path)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        asked = Asked(self.command, unquote(parts.path), options, body)
        self.server.fake.asked.append((asked.method, asked.path))
        return asked

    def done(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        if self.headers.get("authorization") != f"ApiKey {API_KEY}":
            return told(Refused("security_exception", "missing authentication credentials", 401))
        try:
            with self.server.fake.turn:
                return 200, self.server.fake.answer(asked)
        except Refused as refused:
            return told(refused)

    def tell(self, status: int, answered: Mapping[str, Any]) -> None:
        body = json.dumps(answered).encode()
        headers = {"content-type": JSON, "content-length": str(len(body)), "X-elastic-product": "Elasticsearch"}
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            pass  # whoever asked has had enough

    def log_message(self, format: str, *args: object) -> None:
        pass


def told(refused: Refused) -> tuple[int, dict[str, Any]]:
    cause = {"type": refused.kind, "reason": str(refused)}
    return refused.status, {"error": {**cause, "root_cause": [cause]}, "status": refused.status}


@contextmanager
def fake_elasticsearch() -> Generator[FakeElasticsearch]:
    """Serves on a free port of this machine until the block ends."""
    fake = FakeElasticsearch()
    server = Server(("127.0.0.1", 0), Handler)
    server.fake = fake
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
