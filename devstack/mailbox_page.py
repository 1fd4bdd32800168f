"""A web page that shows a mailbox to people, and the same as JSON to programs."""

import json
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from devstack.mailbox import Mailbox
from devstack.mailbox_html import CONTENT_SECURITY_POLICY, render
from devstack.ports import LOOPBACK, choose_port


class MailboxPage:
    """Serves one mailbox over HTTP at 127.0.0.1.

    `GET /` is the page; `GET /messages.json?to=address&subject=text` the mails newest first, each with id, to, subject,
    message_id, text, html and received_at; with `&wait=seconds` the answer waits until there is at least one;
    `DELETE /messages` clears the mailbox.
    """

    def __init__(self, mailbox: Mailbox, port: int | None = None) -> None:
        self.port = port or choose_port()
        self._mailbox = mailbox
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
        self._server = _Server(self._mailbox, self.port)
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

    def __init__(self, mailbox: Mailbox, port: int) -> None:
        self.mailbox = mailbox
        super().__init__((LOOPBACK, port), _Answers)


class _Answers(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] (the base class knows only its own kind)
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        match address.path:
            case "/":
                self._send(HTTPStatus.OK, "text/html; charset=utf-8", render(self.server.mailbox.messages()))
            case "/messages.json":
                self._send(HTTPStatus.OK, "application/json", self._as_json(query))
            case _:
                self._send(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "nothing here; see /")

    def do_DELETE(self) -> None:
        if urlsplit(self.path).path != "/messages":
            self._send(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "only /messages can be deleted")
            return
        self.server.mailbox.clear()
        self._send(HTTPStatus.NO_CONTENT, "text/plain; charset=utf-8", "")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the console belongs to the development command."""

    def _as_json(self, query: dict[str, str]) -> str:
        mailbox, to, subject = self.server.mailbox, query.get("to"), query.get("subject", "")
        with suppress(TimeoutError, ValueError):
            mailbox.wait_for(to=to, subject=subject, timeout=float(query.get("wait", "0")))
        found = [message.as_json() for message in mailbox.messages(to) if subject in message.subject]
        return json.dumps(found, ensure_ascii=False)

    def _send(self, status: HTTPStatus, content_type: str, text: str) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)
