"""As a CDN does for a deployment: serves what is public in the embedded storage, `{tenant}/media/…`, and no more."""

import re
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devstack.local_pages import LocalPages

# As the keys are made, so that nothing of a path has to be made sure of but this.
PUBLIC = re.compile(r"/([0-9a-f-]{36}/media/[0-9a-f-]{36}/[0-9]{1,5}\.webp)")


class MediaPage(LocalPages):
    """The files of one bucket's folder. Its `url` is for SADU_MEDIA_URL."""

    def __init__(self, bucket: Path, port: int | None = None) -> None:
        super().__init__(partial(_Answers, bucket), port)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, bucket: Path, *request: Any) -> None:
        self.bucket = bucket
        super().__init__(*request)

    def do_GET(self) -> None:
        named = PUBLIC.fullmatch(urlsplit(self.path).path)
        file = self.bucket / named[1] if named else None
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
