"""The GraphiQL page: a way to explore and try the API in a browser, also where there is no internet.

Everything the page loads is a file of this package, so a strict Content-Security-Policy can hold it to this origin: the
page holds access tokens, and no script from elsewhere may ever read them.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

PAGE_DIRECTORY = Path(__file__).parent / "graphiql"
VENDORED_DIRECTORY = PAGE_DIRECTORY / "assets"
EXAMPLES_DIRECTORY = PAGE_DIRECTORY / "examples"

ASSETS_PATH = "/graphiql/assets/"
STYLE_NONCE = "{{style_nonce}}"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

NOSNIFF = {"X-Content-Type-Options": "nosniff"}
EXAMPLES_HEADERS = {**NOSNIFF, "Cache-Control": "no-cache"}
# A file's address holds the fingerprint of all of them, so what was fetched once never goes stale.
FILE_HEADERS = {**NOSNIFF, "Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Role:
    """Somebody who uses the API, and how the page tells of their examples."""

    name: str
    label: str
    hint: str
    endpoint: str


ROLES = (
    Role("guest", "Guest shopper", "Name a tenant, no sign-in.", "/graphql"),
    Role("customer", "Customer", "Sign in, and name the store.", "/graphql"),
    Role("person", "Person", "From an account to a first shop.", "/graphql"),
    Role("owner", "Shop owner", "Sign in as a member of the tenant.", "/graphql"),
    Role("operator", "Platform operator", "Sign in as platform staff.", "/admin/graphql"),
)


class Example(TypedDict):
    """One operation for a new tab; `variables` is JSON text as written, or empty."""

    name: str
    title: str
    operation: str
    variables: str


class RoleExamples(TypedDict):
    """The examples of one role, with the endpoint where they work."""

    role: str
    label: str
    hint: str
    endpoint: str
    examples: list[Example]


def graphiql_routes() -> list[BaseRoute]:
    """The routes of the page, its examples and its files.

    `/graphiql/` is a route of its own, for behind a proxy that is not trusted a redirect to the path without the slash
    would name the wrong scheme and host.
    """
    files = servable_files()
    fingerprint = fingerprint_of(files)
    page = page_endpoint(fingerprint)
    return [
        Route("/graphiql", page),
        Route("/graphiql/", page),
        Route("/graphiql/examples.json", serve_examples),
        Route(ASSETS_PATH + "{fingerprint}/{name}", file_endpoint(fingerprint, files)),
    ]


def page_endpoint(fingerprint: str) -> Callable[[Request], Response]:
    """The page, with the fingerprint put into the addresses of its files."""
    html = (PAGE_DIRECTORY / "index.html").read_text(encoding="utf-8")
    html = html.replace(ASSETS_PATH, f"{ASSETS_PATH}{fingerprint}/")

    def serve_page(_request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(html.replace(STYLE_NONCE, nonce), headers=page_headers(nonce))

    return serve_page


def page_headers(style_nonce: str) -> dict[str, str]:
    """Nothing from another host, no inline script, no frame around it, and no copy kept anywhere."""
    return {
        **NOSNIFF,
        "Content-Security-Policy": content_security_policy(style_nonce),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }


def content_security_policy(style_nonce: str) -> str:
    """This origin only. The nonce is for the one style element that GraphiQL's dialogs add to lock scrolling."""
    directives = (
        "default-src 'self'",
        f"style-src 'self' 'nonce-{style_nonce}'",
        # GraphiQL's stylesheet carries its fonts and a few small pictures inside; the page shows QR codes as data.
        "font-src 'self' data:",
        "img-src 'self' data:",
        "worker-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(directives)


def file_endpoint(fingerprint: str, files: Mapping[str, Path]) -> Callable[[Request], Response]:
    """The page's files, looked up by name in a fixed list: no path of a request ever reaches the disk."""

    def serve_file(request: Request) -> Response:
        path = files.get(request.path_params["name"])
        # While a new release rolls out, another version's file must not be cached under this address.
        if path is None or request.path_params["fingerprint"] != fingerprint:
            raise HTTPException(404)
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=FILE_HEADERS)

    return serve_file


def serve_examples(_request: Request) -> Response:
    """The example operations by role, read afresh: an edited example shows on reload."""
    return JSONResponse({"roles": [role_examples(role) for role in ROLES]}, headers=EXAMPLES_HEADERS)


def role_examples(role: Role) -> RoleExamples:
    """One role with its examples, in the order of their file names."""
    paths = sorted((EXAMPLES_DIRECTORY / role.name).glob("*.graphql"))
    return RoleExamples(
        role=role.name,
        label=role.label,
        hint=role.hint,
        endpoint=role.endpoint,
        examples=[read_example(path) for path in paths],
    )


def read_example(path: Path) -> Example:
    """One example; the comment on its first line is its title."""
    operation = path.read_text(encoding="utf-8").strip()
    variables = path.with_suffix(".json")
    return Example(
        name=path.stem,
        title=operation.partition("\n")[0].removeprefix("#").strip(),
        operation=operation,
        variables=variables.read_text(encoding="utf-8").strip() if variables.exists() else "",
    )


def servable_files() -> dict[str, Path]:
    """Every file that the page may load, by the name in its address."""
    paths = [*PAGE_DIRECTORY.iterdir(), *VENDORED_DIRECTORY.iterdir()]
    return {path.name: path for path in sorted(paths) if path.suffix in MEDIA_TYPES}


def fingerprint_of(files: Mapping[str, Path]) -> str:
    """A short name for exactly these contents."""
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
