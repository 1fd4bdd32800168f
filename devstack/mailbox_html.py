"""The mailbox as a page for people. Everything out of a mail is a stranger's text and is escaped here."""

from collections.abc import Sequence
from html import escape

from devstack.mail_message import MailMessage

SHOWN = 100

# No script runs on the page or in a mail; pictures may come from anywhere, as in any mail program.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

STYLE = """
:root { color-scheme: light; --ink: #1d2430; --soft: #667085; --line: #e4e7ec; --accent: #9b2c2c; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem; background: #f6f5f2; color: var(--ink);
       font: 16px/1.55 system-ui, "Segoe UI", "Noto Sans Arabic", sans-serif; }
header { display: flex; align-items: baseline; gap: 1rem; margin-bottom: 1.25rem; }
h1 { font-size: 1.5rem; margin: 0; }
header span { color: var(--soft); }
header a { margin-inline-start: auto; color: var(--accent); }
details { background: #fff; border: 1px solid var(--line); border-radius: .6rem; margin-bottom: .75rem; }
summary { cursor: pointer; padding: .8rem 1.1rem; }
summary strong { unicode-bidi: isolate; }
.about { display: flex; gap: 1rem; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
.about time { margin-inline-start: auto; white-space: nowrap; }
.parts { border-top: 1px solid var(--line); padding: 1.1rem; }
h2 { font-size: .8rem; letter-spacing: .04em; text-transform: uppercase; color: var(--soft); margin: 1.1rem 0 .4rem; }
h2:first-child { margin-top: 0; }
iframe { width: 100%; height: 26rem; resize: vertical; border: 1px solid var(--line); border-radius: .4rem; }
pre { margin: 0; padding: .8rem 1rem; background: #faf9f7; border: 1px solid var(--line); border-radius: .4rem;
      white-space: pre-wrap; overflow-wrap: anywhere; font: 14px/1.5 ui-monospace, monospace; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th { text-align: start; vertical-align: top; padding: .15rem 1rem .15rem 0; color: var(--soft); font-weight: 500; }
td { overflow-wrap: anywhere; padding: .15rem 0; }
.empty { text-align: center; color: var(--soft); padding: 4rem 0; }
"""


def render(messages: Sequence[MailMessage]) -> str:
    """The whole page for these mails, in their order; only the first hundred are shown."""
    shown = messages[:SHOWN]
    count = f"{len(messages)} mails" if len(messages) != 1 else "1 mail"
    if len(messages) > SHOWN:
        count += f", the newest {SHOWN} shown"
    mails = "\n".join(_mail(message, is_open=position == 0) for position, message in enumerate(shown))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mailbox ({len(messages)})</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>Mailbox</h1><span>{count}</span><a href="/">Refresh</a></header>
<main>
{mails or '<p class="empty">No mail yet. Whatever the shop sends arrives here.</p>'}
</main>
</body>
</html>
"""


def _mail(message: MailMessage, *, is_open: bool) -> str:
    subject = escape(message.subject) or "(no subject)"
    recipients = escape(", ".join(message.to))
    return f"""<details{" open" if is_open else ""} id="{escape(message.id)}">
<summary><strong dir="auto">{subject}</strong>
<div class="about"><bdi>{recipients}</bdi><time>{message.received_at:%Y-%m-%d %H:%M:%S} UTC</time></div></summary>
<div class="parts">{_html_part(message)}{_text_part(message)}{_headers(message)}</div>
</details>"""


def _html_part(message: MailMessage) -> str:
    if not message.html:
        return ""
    # The empty `sandbox` forbids scripts, forms and our origin; links may open in a tab of their own.
    document = escape(f'<base target="_blank">{message.html}')
    return (
        '<h2>HTML</h2><iframe title="The mail as HTML" loading="lazy" referrerpolicy="no-referrer" '
        f'sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="{document}"></iframe>'
    )


def _text_part(message: MailMessage) -> str:
    return f'<h2>Text</h2><pre dir="auto">{escape(message.text)}</pre>' if message.text else ""


def _headers(message: MailMessage) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td dir="auto">{escape(value)}</td></tr>'
        for name, value in message.headers
    )
    return f"<h2>Headers</h2><table>{rows}</table>"
