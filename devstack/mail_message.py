"""One received mail: what a person or a test wants to know of it, and its form on disk."""

import email
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default as modern_policy
from pathlib import Path
from urllib.parse import quote, unquote

# Who a mail was handed over for is told by SMTP, not by the mail, so it is kept as the first line of the file.
RECIPIENTS_HEADER = "X-Mailbox-Recipients"


@dataclass(frozen=True, slots=True)
class MailMessage:
    """A mail as received. `to` are the recipients of the SMTP envelope, so blind copies are among them."""

    id: str
    received_at: datetime
    to: tuple[str, ...]
    subject: str
    message_id: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    source: bytes

    def as_json(self) -> dict[str, object]:
        """What /messages.json tells of it; times are ISO 8601 in UTC."""
        return {
            "id": self.id,
            "to": list(self.to),
            "subject": self.subject,
            "message_id": self.message_id,
            "text": self.text,
            "html": self.html,
            "received_at": self.received_at.isoformat(),
        }

    def is_for(self, address: str | None) -> bool:
        """Whether it was sent to this address, whatever its case; None stands for everybody."""
        return address is None or address.casefold() in (each.casefold() for each in self.to)


def receive(source: bytes, recipients: Sequence[str]) -> MailMessage:
    """A mail that arrives now."""
    now = datetime.now(UTC)
    return _read(source, tuple(recipients), now, f"{now:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}")


def save(message: MailMessage, folder: Path) -> None:
    """Write a mail into a folder as <id>.eml, at once."""
    recipients = " ".join(quote(address, safe="@.+-_") for address in message.to)
    unfinished = folder / f"{message.id}.new"
    unfinished.write_bytes(f"{RECIPIENTS_HEADER}: {recipients}\r\n".encode("ascii") + message.source)
    unfinished.replace(file_of(message, folder))


def load(file: Path) -> MailMessage:
    """Read what `save` wrote.

    Raises:
        ValueError: the file was not written by `save`.
    """
    first, _, source = file.read_bytes().partition(b"\r\n")
    name, _, recipients = first.decode("ascii").partition(": ")
    if name != RECIPIENTS_HEADER:
        raise ValueError(f"{file} is not a mail of this mailbox")
    received_at = datetime.strptime(file.stem.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    return _read(source, tuple(unquote(each) for each in recipients.split()), received_at, file.stem)


def file_of(message: MailMessage, folder: Path) -> Path:
    """Where a mail is kept in a folder. Sorted by name the files are sorted by time."""
    return folder / f"{message.id}.eml"


def _read(source: bytes, to: tuple[str, ...], received_at: datetime, name: str) -> MailMessage:
    parsed = email.message_from_bytes(source, policy=modern_policy)
    return MailMessage(
        id=name,
        received_at=received_at,
        to=to,
        subject=_readable(parsed["Subject"]),
        message_id=_readable(parsed["Message-ID"]).strip(),
        headers=tuple((key, _readable(value)) for key, value in parsed.items()),
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
        source=source,
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset("utf-8")
    try:
        text = payload.decode(charset, errors="replace")
    except LookupError:  # a character set that nobody knows
        text = payload.decode("utf-8", errors="replace")
    return text.replace("\r\n", "\n")


def _readable(value: object) -> str:
    # A header that came as raw UTF-8 (SMTPUTF8) is held as surrogates by the parser.
    text = "" if value is None else str(value)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
