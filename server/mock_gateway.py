"""The mock gateway's page: what is to be paid, and three buttons. Plain HTML that needs no script."""

import hashlib
from base64 import b64encode
from html import escape
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from domain.mock_gateway import Decision, HostedCharge, MockGateway
from gql.ids import known_id
from server.payment_webhooks import TooLarge

PATH = "/mock-gateway/{tenant}/{token}"
MOST_BYTES = 1_000
STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: center; min-height: 100vh; padding: 1rem; box-sizing: border-box; }
main { width: min(26rem, 100%); border: 1px solid; border-radius: .75rem; padding: 1.5rem; box-sizing: border-box; }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
form { display: grid; gap: .75rem; margin-top: 1.5rem; }
button, a.button { font: inherit; padding: .75rem; border-radius: .5rem; border: 2px solid; text-align: center;
  cursor: pointer; background: Canvas; color: CanvasText; text-decoration: none; display: block; }
button.main { background: #0b5d3b; border-color: #0b5d3b; color: #fff; font-weight: 600; }
button:focus-visible, a:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
"""
STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

WORDS = {
    "en": {
        "title": "Test payment",
        "notice": "This gateway takes no money.",
        "order": "Order",
        "amount": "Amount",
        "pay": "Pay",
        "fail": "Fail",
        "never": "Never: leave without paying",
        "back": "Back to the store",
        "paid": "This was paid.",
        "failed": "This payment has failed.",
        "cancelled": "The time to pay this is over.",
        "missing": "There is nothing to be paid here.",
    },
    "ar": {
        "title": "دفع تجريبي",
        "notice": "لا تُسحب أي مبالغ عبر هذه البوابة.",
        "order": "الطلب",
        "amount": "المبلغ",
        "pay": "ادفع",
        "fail": "أفشل الدفع",
        "never": "غادر دون دفع",
        "back": "العودة إلى المتجر",
        "paid": "تم الدفع.",
        "failed": "فشلت عملية الدفع.",
        "cancelled": "انتهت مهلة الدفع.",
        "missing": "لا يوجد ما يُدفع هنا.",
    },
}
DIRECTIONS = {"en": "ltr", "ar": "rtl"}


def mock_gateway_routes(gateway: MockGateway) -> list[BaseRoute]:
    """Its page, and what its buttons do."""

    async def page(request: Request) -> Response:
        charge = await found(gateway, request)
        return not_found() if charge is None else html(shown(charge), 200, charge)

    async def decide(request: Request) -> Response:
        """The shopper goes back to the store; what has happened it learns by the callback."""
        try:
            decision = Decision(await pressed(request))
        except (ValueError, TooLarge, ClientDisconnect):
            return not_found(400)
        charge = await found(gateway, request, decision)
        return not_found() if charge is None else RedirectResponse(charge.return_url, 303, secured(charge))

    return [Route(PATH, page, methods=["GET"]), Route(PATH, decide, methods=["POST"])]


async def found(gateway: MockGateway, request: Request, decision: Decision | None = None) -> HostedCharge | None:
    tenant_id, token = known_id("tenant", request.path_params["tenant"]), request.path_params["token"]
    if tenant_id is None or not token.isascii():
        return None
    return await (gateway.decide(tenant_id, token, decision) if decision else gateway.find(tenant_id, token))


async def pressed(request: Request) -> str:
    """The button of a form that holds nothing else."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge
    name, _, value = body.decode("ascii", "replace").partition("=")
    return value if name == "decision" else ""


def shown(charge: HostedCharge) -> str:
    locale = charge.locale if charge.locale in WORDS else "en"
    words = WORDS[locale]
    total = f"<bdi>{charge.amount} {escape(charge.currency)}</bdi>"
    facts = f"""<dl><dt>{words["order"]}</dt><dd><bdi>{escape(charge.order_number)}</bdi></dd>
<dt>{words["amount"]}</dt><dd>{total}</dd></dl>"""
    if charge.is_open:
        below = f"""<form method="post">
<button class="main" name="decision" value="pay">{words["pay"]} {total}</button>
<button name="decision" value="fail">{words["fail"]}</button>
<button name="decision" value="never">{words["never"]}</button>
</form>"""
    else:
        below = f"""<p role="status">{words[charge.status]}</p>
<a class="button" href="{escape(charge.return_url)}">{words["back"]}</a>"""
    return document(locale, words["title"], f"<p>{words['notice']}</p>{facts}{below}")


def document(locale: str, title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="{locale}" dir="{DIRECTIONS[locale]}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>{title}</title><style>{STYLE}</style></head>
<body><main><h1>{title}</h1>{content}</main></body>
</html>
"""


def not_found(status: int = 404) -> Response:
    words = [WORDS[locale]["missing"] for locale in ("en", "ar")]
    content = f'<p>{words[0]}</p><p lang="ar" dir="rtl">{words[1]}</p>'
    return html(document("en", WORDS["en"]["title"], content), status, None)


def html(page: str, status: int, charge: HostedCharge | None) -> Response:
    return HTMLResponse(page, status, secured(charge))


def secured(charge: HostedCharge | None) -> dict[str, str]:
    """Nothing from elsewhere, no script at all. Browsers follow a form's redirect only to where forms may go."""
    parts = urlsplit(charge.return_url) if charge else None
    back = f" {parts.scheme}://{parts.netloc}" if parts else ""
    policy = (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'{back}; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
