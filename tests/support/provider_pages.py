"""What a shopper sees at a stand-in: a page with some buttons, and the way back."""

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import parse_qs

from tests.support.provider_server import Answered, Asked


def page(title: str, amount: str, buttons: Sequence[tuple[str, str]]) -> Answered:
    """Each button posts its value as `do`."""
    forms = "".join(
        f'<form method="post"><button name="do" value="{escape(value)}">{escape(label)}</button></form>'
        for value, label in buttons
    )
    heading = f"<h1>{escape(title)}</h1><p>A stand-in: no money moves.</p><p>{escape(amount)}</p>"
    html = f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title>{heading}{forms}'
    return Answered(200, html.encode(), {"content-type": "text/html; charset=utf-8"})


def pressed(asked: Asked) -> str:
    return parse_qs(asked.body.decode()).get("do", [""])[0]


def leads_to(url: str) -> Answered:
    return Answered(303, b"", {"location": url})


def not_there(headers: Mapping[str, str] | None = None) -> Answered:
    return Answered(404, b"There is no such page.", headers or {})
