"""A mail server in this process that delivers nothing: everything sent to it can be read here."""

import logging
import threading
import time
from contextlib import suppress
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from devstack.mail_message import MailMessage, file_of, load, receive, save
from devstack.ports import LOOPBACK, choose_port

MOST_MESSAGES = 500


class Mailbox:
    """Takes every mail for everybody on an SMTP port of 127.0.0.1, and keeps the newest 500.

    With a directory they are also files (`.eml`) there, read again at the next start. May be used from any thread.
    """

    def __init__(self, directory: Path | None = None, port: int | None = None) -> None:
        self.port = port or choose_port()
        self._directory = directory
        self._messages: list[MailMessage] = []
        self._changed = threading.Condition()
        self._server: Controller | None = None

    @property
    def url(self) -> str:
        """For SADU_SMTP_URL."""
        return f"smtp://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Read what earlier runs received, then accept mail.

        Raises:
            OSError: the port is taken.
        """
        if self._directory is not None:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._messages = _load_all(self._directory)
        # The library tells of every connection on INFO; its warnings are about clients, which the sender sees anyway.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        # The host name is given because finding the machine's own asks DNS, which can take seconds.
        self._server = Controller(_Receiver(self), hostname=LOOPBACK, port=self.port, server_hostname="localhost")
        self._server.start()

    def stop(self) -> None:
        """Close the port; what was received can still be read. Safe to call twice."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def messages(self, to: str | None = None) -> list[MailMessage]:
        """The mails to an address, or all of them, newest first."""
        with self._changed:
            return [message for message in reversed(self._messages) if message.is_for(to)]

    def find(self, *, to: str | None = None, subject: str = "") -> MailMessage | None:
        """The newest mail to an address whose subject contains a text."""
        return next((message for message in self.messages(to) if subject in message.subject), None)

    def wait_for(self, *, to: str | None = None, subject: str = "", timeout: float = 10.0) -> MailMessage:
        """The newest such mail, waiting up to `timeout` seconds for one to come.

        Raises:
            TimeoutError: none came; tells which mails there are.
        """
        give_up = time.monotonic() + timeout
        with self._changed:
            while (found := self.find(to=to, subject=subject)) is None:
                if not self._changed.wait(give_up - time.monotonic()):
                    there = [f"{', '.join(each.to)}: {each.subject}" for each in self._messages]
                    raise TimeoutError(f"no mail to {to} about {subject!r} in {timeout} s; there are {there}")
            return found

    def clear(self) -> None:
        """Forget every mail, on disk too."""
        with self._changed:
            self._drop(len(self._messages))

    def deliver(self, message: MailMessage) -> None:
        """Add one mail as the newest."""
        with self._changed:
            if self._directory is not None:
                save(message, self._directory)
            self._messages.append(message)
            self._drop(len(self._messages) - MOST_MESSAGES)
            self._changed.notify_all()

    def _drop(self, count: int) -> None:
        for message in self._messages[: max(count, 0)]:
            if self._directory is not None:
                file_of(message, self._directory).unlink(missing_ok=True)
        del self._messages[: max(count, 0)]


class _Receiver:
    """What the SMTP library calls for each mail; the method's name is its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        content = envelope.content or b""
        source = content.encode() if isinstance(content, str) else content
        self._mailbox.deliver(receive(source, envelope.rcpt_tos))
        return "250 Message accepted for delivery"


def _load_all(directory: Path) -> list[MailMessage]:
    messages: list[MailMessage] = []
    for file in sorted(directory.glob("*.eml"))[-MOST_MESSAGES:]:
        with suppress(ValueError, OSError):  # a file that somebody else put there
            messages.append(load(file))
    return messages
