"""Mail over SMTP: the embedded mailbox, Amazon SES, or any other server."""

import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPDataError, SMTPRecipientsRefused

from domain.ports import MailRefused, OutgoingMail

TIMEOUT_SECONDS = 10
GOODBYE_SECONDS = 1
POLICY = SMTP_POLICY.clone(cte_type="7bit")
"""Everything in ASCII on the wire, so that no server on the way has to convert it."""


class SmtpMailSender:
    """Hands each mail over on a connection of its own.

    `url` is smtp://[user:password@]host[:port], which turns to TLS where the server offers STARTTLS, or smtps://, which
    is TLS from the beginning. `sender` is the From address, `Name <address>`. A password leaves this machine only under
    TLS. Raises `ValueError` for an address or a URL that is none.
    """

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("the mail server's URL begins with smtp:// or smtps:// and names a host")
        self._host, self._port, self._tls = parts.hostname, parts.port, parts.scheme == "smtps"
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._trust = ssl.create_default_context()
        name, address = parseaddr(sender)
        self._sender = Address(display_name=name, addr_spec=address)

    async def send(self, mail: OutgoingMail) -> None:
        """Returns once the server has taken the mail. Raises `MailRefused` for a 5xx answer to recipient or content."""
        recipient = bare_address(mail.to)
        message = message_of(mail, self._sender, recipient)
        client = self._client()
        try:
            await client.connect()
            await client.sendmail(self._sender.addr_spec, [recipient.addr_spec], message.as_bytes(policy=POLICY))
            with suppress(Exception):  # the mail is taken: how the connection ends no longer matters
                await client.quit(timeout=GOODBYE_SECONDS)
        except SMTPRecipientsRefused as refusal:
            raise_if_final(refusal.recipients[0].code)
            raise
        except SMTPDataError as refusal:
            raise_if_final(refusal.code)
            raise
        finally:
            client.close()

    def _client(self) -> SMTP:
        must_turn_to_tls = self._username is not None and not self._tls and not is_this_machine(self._host)
        return SMTP(
            hostname=self._host,
            port=self._port,
            # Given, because finding out this machine's own name asks DNS, which can take seconds.
            local_hostname=self._sender.domain,
            username=self._username,
            password=self._password,
            timeout=TIMEOUT_SECONDS,
            use_tls=self._tls,
            start_tls=True if must_turn_to_tls else None,
            tls_context=self._trust,
        )


def message_of(mail: OutgoingMail, sender: Address, recipient: Address) -> EmailMessage:
    """The mail in both forms. A line break in any header is a `ValueError`: nobody writes headers of their own."""
    message = EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = recipient
    if mail.reply_to is not None:
        with suppress(MailRefused):  # better without than not at all
            message["Reply-To"] = bare_address(mail.reply_to)
    message["Subject"] = mail.subject
    message["Message-ID"] = mail.message_id
    message["Date"] = datetime.now(UTC)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def bare_address(address: str) -> Address:
    """One address without a name, its domain in ASCII. Raises `MailRefused` for anything else.

    An address with letters beyond ASCII before the `@` needs a server with SMTPUTF8; Amazon SES, for one, has none.
    """
    mailbox, _, domain = address.rpartition("@")
    try:
        return Address(addr_spec=f"{mailbox}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError, MessageError):
        raise MailRefused("malformed address") from None


def raise_if_final(code: int) -> None:
    """A 5xx answer is final; the server's text stays out of it, for it repeats the address."""
    if code >= 500:
        raise MailRefused(f"SMTP {code}") from None


def is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"
