"""The mailbox: what goes in by SMTP can be read, by people without danger and by programs without guessing."""

import http.client
import json
import threading
import time
from collections.abc import Generator
from email.message import EmailMessage
from email.mime.text import MIMEText
from pathlib import Path
from smtplib import SMTP
from typing import Any

import pytest

from devstack import mailbox as mailbox_module
from devstack.mailbox import Mailbox
from devstack.mailbox_page import MailboxPage

SUBJECT = "تأكيد الطلب رقم ١٢٣"
TEXT = "شكراً لطلبك من متجر السدو.\nYour order is on its way.\n"
HTML = "<p dir='rtl'>شكراً لطلبك</p><script>alert(1)</script>"


@pytest.fixture
def mailbox(tmp_path: Path) -> Generator[Mailbox]:
    mailbox = Mailbox(tmp_path / "mail")
    mailbox.start()
    yield mailbox
    mailbox.stop()


@pytest.fixture
def page(mailbox: Mailbox) -> Generator[MailboxPage]:
    page = MailboxPage(mailbox)
    page.start()
    yield page
    page.stop()


def send(mailbox: Mailbox, *, to: str = "sara@example.test", subject: str = SUBJECT, html: str = HTML) -> None:
    message = EmailMessage()
    message["From"] = "متجر <shop@example.test>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<order-1@example.test>"
    message.set_content(TEXT)
    message.add_alternative(html, subtype="html")
    with SMTP("127.0.0.1", mailbox.port) as client:
        client.send_message(message, to_addrs=[to, "blind@example.test"])


def ask(page: MailboxPage, path: str, method: str = "GET") -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, dict(answer.getheaders())


def as_json(page: MailboxPage, query: str = "") -> list[dict[str, Any]]:
    status, body, _ = ask(page, f"/messages.json{query}")
    assert status == http.HTTPStatus.OK
    return json.loads(body)


def test_arabic_arrives_as_it_was_sent(mailbox: Mailbox) -> None:
    send(mailbox)
    message = mailbox.wait_for(to="sara@example.test", subject="الطلب", timeout=5)
    assert message.subject == SUBJECT
    assert message.text == TEXT
    assert message.html.strip() == HTML
    assert message.message_id == "<order-1@example.test>"
    assert message.to == ("sara@example.test", "blind@example.test")


def test_raw_utf8_headers_are_read(mailbox: Mailbox) -> None:
    with SMTP("127.0.0.1", mailbox.port) as client:
        source = f"Subject: {SUBJECT}\r\nTo: sara@example.test\r\n\r\nhello\r\n".encode()
        client.sendmail("shop@example.test", ["sara@example.test"], source, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    assert mailbox.wait_for(to="sara@example.test", timeout=5).subject == SUBJECT


def test_a_mail_in_an_unknown_character_set_is_kept(mailbox: Mailbox) -> None:
    message = MIMEText("hello", "plain", "us-ascii")
    message.set_param("charset", "x-nobody-knows")
    with SMTP("127.0.0.1", mailbox.port) as client:
        client.sendmail("shop@example.test", ["sara@example.test"], message.as_bytes())
    assert mailbox.wait_for(timeout=5).text.strip() == "hello"


def test_newest_first_and_by_address(mailbox: Mailbox) -> None:
    send(mailbox, to="first@example.test", subject="one")
    send(mailbox, to="second@example.test", subject="two")
    assert [message.subject for message in mailbox.messages()] == ["two", "one"]
    assert [message.subject for message in mailbox.messages("FIRST@example.test")] == ["one"]
    assert [message.subject for message in mailbox.messages("blind@example.test")] == ["two", "one"]


def test_waiting_ends_when_the_mail_comes(mailbox: Mailbox) -> None:
    sender = threading.Timer(0.2, send, [mailbox])
    sender.start()
    started = time.monotonic()
    assert mailbox.wait_for(to="sara@example.test", timeout=10).subject == SUBJECT
    assert time.monotonic() - started < 5
    sender.join()


def test_waiting_in_vain_tells_what_there_is(mailbox: Mailbox) -> None:
    send(mailbox, subject="something else")
    with pytest.raises(TimeoutError, match="something else"):
        mailbox.wait_for(to="nobody@example.test", timeout=0.1)


def test_mails_are_there_after_a_restart(mailbox: Mailbox, tmp_path: Path) -> None:
    send(mailbox)
    before = mailbox.messages()
    mailbox.stop()
    again = Mailbox(tmp_path / "mail")
    again.start()
    assert again.messages() == before
    again.clear()
    again.stop()
    assert list((tmp_path / "mail").iterdir()) == []


def test_only_the_newest_are_kept(mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox_module, "MOST_MESSAGES", 3)
    for number in range(5):
        send(mailbox, subject=f"number {number}")
    assert [message.subject for message in mailbox.messages()] == ["number 4", "number 3", "number 2"]
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 3


def test_json_tells_everything(mailbox: Mailbox, page: MailboxPage) -> None:
    send(mailbox)
    send(mailbox, to="other@example.test", subject="two")
    (message,) = as_json(page, "?to=sara@example.test")
    assert set(message) == {"id", "to", "subject", "message_id", "text", "html", "received_at"}
    assert (message["subject"], message["text"]) == (SUBJECT, TEXT)
    assert [each["subject"] for each in as_json(page)] == ["two", SUBJECT]
    assert as_json(page, "?subject=nothing") == []


def test_json_waits_when_asked_to(mailbox: Mailbox, page: MailboxPage) -> None:
    sender = threading.Timer(0.2, send, [mailbox])
    sender.start()
    assert len(as_json(page, "?to=sara@example.test&wait=10")) == 1
    sender.join()


def test_delete_clears(mailbox: Mailbox, page: MailboxPage) -> None:
    send(mailbox)
    assert ask(page, "/messages", "DELETE")[0] == http.HTTPStatus.NO_CONTENT
    assert as_json(page) == []
    assert "No mail yet" in ask(page, "/")[1]


def test_the_page_escapes_everything_of_a_mail(mailbox: Mailbox, page: MailboxPage) -> None:
    send(mailbox, subject='<img src=x onerror="alert(1)">', html='"></iframe><script>alert(2)</script>')
    status, body, headers = ask(page, "/")
    assert status == http.HTTPStatus.OK
    assert "<script" not in body
    assert "<img" not in body
    assert body.count("</iframe>") == 1
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in body
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in body
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_page_shows_arabic_from_the_right(mailbox: Mailbox, page: MailboxPage) -> None:
    send(mailbox)
    body = ask(page, "/")[1]
    assert f'<strong dir="auto">{SUBJECT}</strong>' in body
    assert '<pre dir="auto">شكراً' in body


def test_unknown_paths_are_not_found(page: MailboxPage) -> None:
    assert ask(page, "/etc/passwd")[0] == http.HTTPStatus.NOT_FOUND
    assert ask(page, "/", "DELETE")[0] == http.HTTPStatus.NOT_FOUND
