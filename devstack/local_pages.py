"""A small web server of the development stack, in a thread of its own."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from devstack.ports import LOOPBACK, choose_port


class LocalPages:
    """Serves what `answers` makes of each request, over HTTP at 127.0.0.1."""

    def __init__(self, answers: Callable[..., BaseHTTPRequestHandler], port: int | None) -> None:
        self.port = port or choose_port()
        self._answers = answers
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Serve from a thread of its own.

        Raises:
            OSError: the port is taken.
        """
        self._server = _Server((LOOPBACK, self.port), self._answers)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving; safe to call twice."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A browser holds connections open: do not wait for them when stopping.
    block_on_close = False
