"""A small HTTP server that answers as a test tells it to, and remembers what it was asked."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what AWS calls the target, and the body."""

    path: str
    target: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What to answer, and after how long."""

    body: bytes
    status: int = 200
    after: float = 0
    pause: float = 0
    """Between any two pieces of a few bytes."""
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class StandIn:
    """`answer` may be replaced at any time."""

    answer: Callable[[Asked], Answered]
    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])


@contextmanager
def stand_in(answer: Callable[[Asked], Answered]) -> Generator[StandIn]:
    """Serves on a free port of this machine until the block ends."""
    told = StandIn(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            asked = Asked(self.path, self.headers.get("x-amz-target", ""), self.rfile.read(length))
            told.asked.append(asked)
            answered = told.answer(asked)
            time.sleep(answered.after)
            try:
                self.send_response(answered.status)
                for name, value in {"content-length": str(len(answered.body)), **answered.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                size = PIECE if answered.pause else max(len(answered.body), 1)
                for start in range(0, len(answered.body), size):
                    self.wfile.write(answered.body[start : start + size])
                    time.sleep(answered.pause)
            except ConnectionError:
                pass  # whoever asked has had enough

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield told
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
