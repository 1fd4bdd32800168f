"""A web page that shows a mailbox to people, and the same as JSON to programs."""

import json
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from devstack.local_pages import LocalPages
from devstack.mailbox import Mailbox
from devstack.mailbox_html import CONTENT_SECURITY_POLICY, render


class MailboxPage(LocalPages):
    """One mailbox.

    `GET /` is the page; `GET /messages.json?to=address&subject=text` the mails newest first, each with id, to, subject,
    message_id, text, html and received_at; with `&wait=seconds` the answer waits until there is at least one;
    `DELETE /messages` clears the mailbox.
    """

    def __init__(self, mailbox: Mailbox, port: int | None = None) -> None:
        super().__init__(partial(_Answers, mailbox), port)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, mailbox: Mailbox, *request: Any) -> None:
        self.mailbox = mailbox
        super().__init__(*request)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        match address.path:
            case "/":
                self._send(HTTPStatus.OK, "text/html; charset=utf-8", render(self.mailbox.messages()))
            case "/messages.json":
                self._send(HTTPStatus.OK, "application/json", self._as_json(query))
            case _:
                self._send(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "nothing here; see /")

    def do_DELETE(self) -> None:
        if urlsplit(self.path).path != "/messages":
            self._send(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "only /messages can be deleted")
            return
        self.mailbox.clear()
        self._send(HTTPStatus.NO_CONTENT, "text/plain; charset=utf-8", "")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the console belongs to the development command."""

    def _as_json(self, query: dict[str, str]) -> str:
        mailbox, to, subject = self.mailbox, query.get("to"), query.get("subject", "")
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
