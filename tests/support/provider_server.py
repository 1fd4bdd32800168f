"""A payment provider's API on a port of this machine, with the failures that a test asks for."""

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import unquote, urlsplit


@dataclass
class Failure:
    """What happens to the next request whose path ends so; without status and drop it is done, perhaps later."""

    path: str
    method: str = "POST"
    status: int | None = None
    drops: bool = False
    """The connection ends without an answer."""
    after_doing: bool = False
    """It is done all the same, and nobody is told."""
    seconds: float = 0
    """For so long nothing happens."""
    body: bytes = b"<html>An error of the network</html>"
    before: Callable[[], None] | None = None
    """What happens elsewhere just before it is done."""
    is_lasting: bool = False
    """The same happens to all that follow."""

    @property
    def lets_it_be_done(self) -> bool:
        return self.after_doing or (self.status is None and not self.drops)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in; names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Fake(Protocol):
    """What a server serves."""

    url: str
    asked: list[Asked]
    failures: list[Failure]

    def answer(self, asked: Asked) -> Answered: ...


class Server(ThreadingHTTPServer):
    daemon_threads = True
    """A kept-alive connection would be waited for."""
    fake: Fake

    def failure_of(self, asked: Asked) -> Failure:
        for failure in self.fake.failures:
            if failure.method == asked.method and asked.path.endswith(failure.path):
                if not failure.is_lasting:
                    self.fake.failures.remove(failure)
                return failure
        return Failure("")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece: the rest of one in two waits for 40 ms
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - as http.server has it, made more precise

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, unquote(parts.path), parts.query, headers, body)
        self.server.fake.asked.append(asked)
        failure = self.server.failure_of(asked)
        time.sleep(failure.seconds)
        if failure.before:
            failure.before()
        answered = self.server.fake.answer(asked) if failure.lets_it_be_done else Answered(500, b"")
        if failure.drops:
            self.close_connection = True
        elif failure.status:
            self.tell(Answered(failure.status, failure.body))
        else:
            self.tell(answered)

    do_POST = do_PATCH = do_GET  # noqa: N815 - the names that http.server looks for

    def tell(self, answered: Answered) -> None:
        try:
            self.send_response(answered.status)
            for name, value in {"content-length": str(len(answered.body)), **answered.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answered.body)
        except ConnectionError:
            pass  # whoever asked has had enough

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(fake: Fake) -> Generator[None]:
    """Serves until the block ends."""
    server = Server(("127.0.0.1", 0), Handler)
    server.fake = fake
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
