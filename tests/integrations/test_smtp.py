"""The mail sender against real SMTP servers."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from devstack.ports import choose_port
from domain.ports import MailRefused, OutgoingMail
from integrations.smtp import SmtpMailSender
from tests.support.smtp_server import ScriptedServer, smtp_server

SENDER = "Sadu سدو <no-reply@sadu.test>"
SUBJECT = "استلمنا طلبك رقم 1001 – متجر الحرف اليدوية الكويتية التراثية الأصيلة والهدايا الفاخرة"
MESSAGE_ID = "<0198c2a1-0000-7000-8000-000000000000@api.of-a-rather-long-host-name.sadu.example.com>"


def mail(**changes: Any) -> OutgoingMail:
    values: dict[str, Any] = {
        "message_id": MESSAGE_ID,
        "to": "shopper@people.test",
        "subject": SUBJECT,
        "text": "مرحبًا\nالمبلغ: 12.500 KWD",
        "html": "<p dir='rtl'>مرحبًا</p>",
        "reply_to": "shop@shops.test",
    }
    return OutgoingMail(**(values | changes))


async def send(server: ScriptedServer, **changes: Any) -> None:
    await SmtpMailSender(server.url, SENDER).send(mail(**changes))


async def test_a_mail_arrives_whole_in_both_forms_and_in_arabic() -> None:
    """Mission N1."""
    with smtp_server() as server:
        await send(server)
    [received] = server.received
    assert server.recipients == ["shopper@people.test"]
    assert received["Subject"] == SUBJECT
    assert received["From"] == SENDER
    assert received["To"] == "shopper@people.test"
    assert received["Reply-To"] == "shop@shops.test"
    assert str(received["Message-ID"]).strip() == MESSAGE_ID
    assert abs(received["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert received.get_content_type() == "multipart/alternative"
    text, html = received.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == mail().text.splitlines()
    assert html.get_content().strip() == mail().html


async def test_the_wire_carries_short_lines_of_ascii() -> None:
    with smtp_server() as server:
        await send(server, html="<p>" + "مرحبًا " * 2_000 + "</p>")
    source = server.sources[0]
    source.decode("ascii")
    assert max(map(len, source.splitlines())) <= 998


async def test_an_international_domain_is_written_in_ascii() -> None:
    with smtp_server() as server:
        await send(server, to="noura@مثال.إختبار")
    assert server.recipients == ["noura@xn--mgbh0fb.xn--kgbechtv"]


@pytest.mark.parametrize("code", [550, 552, 554])
async def test_a_5xx_answer_is_a_refusal_that_tells_no_address(code: int) -> None:
    def refuse(address: str) -> str:
        return f"{code} no <{address}> here"

    with smtp_server() as server:
        server.to_recipient = refuse
        with pytest.raises(MailRefused) as refused:
            await send(server)
        assert str(refused.value) == f"SMTP {code}"
        server.to_recipient, server.to_content = (lambda _: "250 ok"), (lambda _: f"{code} spam of shopper@people.test")
        with pytest.raises(MailRefused) as refused:
            await send(server)
        assert str(refused.value) == f"SMTP {code}"
        assert refused.value.__suppress_context__


@pytest.mark.parametrize("answer", ["450 later", "421 going away", 0.05])
async def test_any_other_failure_is_not_a_refusal(answer: str | float) -> None:
    with smtp_server() as server:
        server.to_content = lambda _mail: answer
        await expect_failure(server.url)
        server.to_recipient = lambda _address: answer
        await expect_failure(server.url)


async def test_nobody_listening_is_not_a_refusal() -> None:
    await expect_failure(f"smtp://127.0.0.1:{choose_port()}")


async def test_a_refused_sender_is_our_misconfiguration_not_the_mails_fault() -> None:
    class Suspicious(ScriptedServer):
        async def handle_MAIL(self, *_arguments: Any) -> str:  # noqa: N802 - the library's name
            return "550 who are you"

    with smtp_server(script=Suspicious()) as server:
        await expect_failure(server.url)


async def expect_failure(url: str) -> None:
    with pytest.raises(Exception) as failure:  # noqa: PT011 - the kind of it is what is asserted
        await SmtpMailSender(url, SENDER).send(mail())
    assert not isinstance(failure.value, MailRefused)


INJECTION = "\r\nBcc: victim@people.test\r\n\r\nowned"


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "shopper@people.test" + INJECTION},
        {"to": "shopper@people.test> SIZE=1\r\nRCPT TO:<victim@people.test"},
        {"to": "shopper@people.test, victim@people.test"},
        {"to": "Shopper <shopper@people.test>"},
        {"to": ""},
        {"subject": "Order" + INJECTION},
        {"subject": "Order\u2028Bcc: victim@people.test"},
        {"message_id": "<a@b>" + INJECTION},
    ],
)
async def test_headers_cannot_be_injected(changes: dict[str, str]) -> None:
    with smtp_server() as server, pytest.raises((MailRefused, ValueError)):
        await send(server, **changes)
    assert server.received == []


async def test_a_malformed_answer_address_is_left_out() -> None:
    with smtp_server() as server:
        await send(server, reply_to="shop@shops.test" + INJECTION)
    [received] = server.received
    assert received["Reply-To"] is None
    assert received["Bcc"] is None


async def test_it_signs_in_with_the_urls_credentials() -> None:
    seen: list[tuple[bytes, bytes]] = []

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=True)

    with smtp_server(authenticator=authenticate, auth_require_tls=False) as server:
        url = server.url.replace("smtp://", "smtp://post%40office:p%2Fw@")
        await SmtpMailSender(url, SENDER).send(mail())
    assert seen == [(b"post@office", b"p/w")]
    assert len(server.received) == 1


async def test_a_password_leaves_the_machine_only_under_tls() -> None:
    seen: list[object] = []

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        seen.append(data)
        return AuthResult(success=True)

    with smtp_server(authenticator=authenticate, auth_require_tls=False) as server:
        # 0.0.0.0 leads here without being a loopback address.
        await expect_failure(server.url.replace("127.0.0.1", "user:password@0.0.0.0"))
    assert seen == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return file


def under_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


Options = Callable[[ssl.SSLContext], dict[str, Any]]
WAYS: list[tuple[str, Options]] = [
    ("smtps://", lambda context: {"ssl_context": context}),
    ("smtp://", lambda context: {"tls_context": context, "require_starttls": True}),
]


@pytest.mark.parametrize(("scheme", "options"), WAYS)
async def test_tls_is_used_and_the_server_must_prove_itself(
    scheme: str, options: Options, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server(**options(under_tls(certificate))) as server:
        url = server.url.replace("smtp://", scheme)
        await expect_failure(url)
        assert server.received == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await SmtpMailSender(url, SENDER).send(mail())
    assert len(server.received) == 1


@pytest.mark.parametrize("url", ["http://mail.test", "smtp://", "mail.test:25"])
def test_a_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        SmtpMailSender(url, SENDER)
