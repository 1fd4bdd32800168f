"""As a CDN does for a deployment: serves what is public in the embedded storage, `{tenant}/media/…`, and no more."""

import re
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from devstack.ports import LOOPBACK, choose_port

# As the keys are made, so that nothing of a path has to be made sure of but this.
PUBLIC = re.compile(r"/([0-9a-f-]{36}/media/[0-9a-f-]{36}/[0-9]{1,5}\.webp)")


class MediaPage:
    """Serves the files of one bucket's folder over HTTP at 127.0.0.1."""

    def __init__(self, bucket: Path, port: int | None = None) -> None:
        self.port = port or choose_port()
        self._bucket = bucket
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """For SADU_MEDIA_URL."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Serve from a thread of its own.

        Raises:
            OSError: the port is taken.
        """
        self._server = _Server(self._bucket, self.port)
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
    block_on_close = False

    def __init__(self, bucket: Path, port: int) -> None:
        self.bucket = bucket
        super().__init__((LOOPBACK, port), _Answers)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - which it is

    def do_GET(self) -> None:
        named = PUBLIC.fullmatch(urlsplit(self.path).path)
        file = self.server.bucket / named[1] if named else None
        try:
            content = file.read_bytes() if file else None
        except OSError:
            content = None
        self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
        if content is not None:
            self.send_header("Content-Type", "image/webp")
            self.send_header("Cache-Control", "public, max-age=31536000, immutable")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content or b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""
