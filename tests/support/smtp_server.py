"""A mail server whose answers a test decides: real SMTP on a real port, in a thread of its own."""

import asyncio
import email
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default as modern_policy
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from devstack.ports import LOOPBACK, choose_port

TAKEN = "250 taken"
Answer = str | float
"""What the server says; a number is how many seconds it says nothing instead, before it hangs up."""


@dataclass
class ScriptedServer:
    """Every mail whose content came in is in `received`, whatever the server then answered."""

    port: int = field(default_factory=choose_port)
    to_recipient: Callable[[str], Answer] = lambda _address: TAKEN
    to_content: Callable[[EmailMessage], Answer] = lambda _mail: TAKEN
    received: list[EmailMessage] = field(default_factory=list)
    sources: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://{LOOPBACK}:{self.port}"

    def count(self, address: str) -> int:
        return self.recipients.count(address)

    def message_ids(self) -> list[str]:
        return [str(mail["Message-ID"]).strip() for mail in self.received]

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await spoken(self.to_recipient(address))
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        source = envelope.original_content or b""
        mail = email.message_from_bytes(source, policy=modern_policy)
        self.sources.append(source)
        self.received.append(mail)
        self.recipients.extend(envelope.rcpt_tos)
        return await spoken(self.to_content(mail))


async def spoken(answer: Answer) -> str:
    if isinstance(answer, str):
        return answer
    await asyncio.sleep(answer)
    return "421 too late"


@contextmanager
def smtp_server(*, script: ScriptedServer | None = None, **options: Any) -> Generator[ScriptedServer]:
    """A running server; `options` go to the SMTP library, such as a TLS context or an authenticator."""
    script = script or ScriptedServer()
    logging.getLogger("mail.log").setLevel(
        logging.CRITICAL
    )  # it tells of clients that hang up, which is the point here
    controller = Controller(script, hostname=LOOPBACK, port=script.port, server_hostname="localhost", **options)
    controller.start()
    try:
        yield script
    finally:
        controller.stop()
