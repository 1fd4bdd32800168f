"""The GraphiQL page: complete, from this origin only, and with examples that can be sent."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import httpx
import pytest
import pytest_asyncio
from graphql import OperationDefinitionNode, parse
from starlette.applications import Starlette

from server.graphiql_page import (
    EXAMPLES_DIRECTORY,
    PAGE_DIRECTORY,
    VENDORED_DIRECTORY,
    RoleExamples,
    graphiql_routes,
)

OWN_SOURCES = ["index.html", "page.css", *sorted(path.name for path in PAGE_DIRECTORY.glob("*.js"))]
EXAMPLE_PATHS = sorted(EXAMPLES_DIRECTORY.glob("*/*.graphql"))
HTML_REFERENCE = re.compile(r'(?:src|href)="([^"]+)"')
CSS_REFERENCE = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
SCRIPT_REFERENCE = re.compile(r'from "(\./[^"]+)"')


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=graphiql_routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


async def page_references(browser: httpx.AsyncClient) -> list[str]:
    page = await browser.get("/graphiql")
    return HTML_REFERENCE.findall(page.text)


async def references_of(browser: httpx.AsyncClient, address: str) -> list[str]:
    """The addresses of what a stylesheet or a script of the page loads in its turn."""
    text = (await browser.get(address)).text
    name = address.rpartition("/")[2]
    references = css_references(text) if name.endswith(".css") else []
    if name in OWN_SOURCES:
        references += SCRIPT_REFERENCE.findall(text)
    base = httpx.URL("http://shop.test").join(address)
    return [base.join(reference).path for reference in references if not reference.startswith("data:")]


def css_references(text: str) -> list[str]:
    return [first or second for first, second in CSS_REFERENCE.findall(text)]


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/graphiql", "/graphiql/"])
async def test_page_answers_without_a_redirect(browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'id="graphiql"' in page.text


@pytest.mark.asyncio
async def test_page_is_held_to_its_origin(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/graphiql")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.asyncio
async def test_style_nonce_is_new_each_time_and_reaches_the_page(browser: httpx.AsyncClient) -> None:
    pages = [await browser.get("/graphiql") for _ in range(2)]
    nonces = [re.findall(r"'nonce-([^']+)'", page.headers["content-security-policy"]) for page in pages]
    assert nonces[0] != nonces[1]
    for page, (nonce,) in zip(pages, nonces, strict=True):
        assert f'data-style-nonce="{nonce}"' in page.text
        assert "{{" not in page.text


@pytest.mark.asyncio
async def test_page_has_no_inline_script_or_style(browser: httpx.AsyncClient) -> None:
    html = (await browser.get("/graphiql")).text
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert "<style" not in html
    assert not re.search(r"\s(?:style|on[a-z]+)=", html)


@pytest.mark.asyncio
async def test_every_file_the_page_refers_to_is_served_for_long(browser: httpx.AsyncClient) -> None:
    references = await page_references(browser)
    assert len(references) >= 9
    for reference in references:
        answer = await browser.get(reference)
        assert answer.status_code == 200, reference
        assert answer.content, reference
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.asyncio
async def test_every_file_a_stylesheet_or_script_refers_to_is_served(browser: httpx.AsyncClient) -> None:
    waiting = await page_references(browser)
    seen: set[str] = set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        assert (await browser.get(address)).status_code == 200, address
        waiting += await references_of(browser, address)
    scripts = {path.name for path in PAGE_DIRECTORY.glob("*.js")}
    assert scripts <= {address.rpartition("/")[2] for address in seen}


@pytest.mark.asyncio
async def test_every_element_a_script_looks_up_is_in_the_page(browser: httpx.AsyncClient) -> None:
    html = (await browser.get("/graphiql")).text
    scripts = "".join(path.read_text(encoding="utf-8") for path in PAGE_DIRECTORY.glob("*.js"))
    looked_up = set(re.findall(r'(?:element|showStep|onSubmit)\("([^"]+)"', scripts))
    assert {"sign-in-dialog", "code-step", "recovery-form", "qr-code-picture"} <= looked_up
    assert looked_up <= set(re.findall(r'\bid="([^"]+)"', html))


@pytest.mark.asyncio
async def test_qr_code_may_be_shown_and_is_no_markup(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/graphiql")
    assert "img-src 'self' data:" in page.headers["content-security-policy"]
    assert '<img id="qr-code-picture"' in page.text
    for path in PAGE_DIRECTORY.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", path.read_text(encoding="utf-8")
        )


@pytest.mark.parametrize("name", OWN_SOURCES)
def test_own_sources_load_nothing_from_another_host(name: str) -> None:
    source = (PAGE_DIRECTORY / name).read_text(encoding="utf-8")
    assert not re.findall(r"https?://|[\"'(]//", source)


@pytest.mark.parametrize("path", sorted(VENDORED_DIRECTORY.glob("*.css")), ids=lambda path: path.name)
def test_vendored_styles_load_nothing_from_another_host(path: Path) -> None:
    loaded = css_references(path.read_text(encoding="utf-8"))
    assert all(reference.startswith("data:") for reference in loaded)


@pytest.mark.parametrize("path", sorted(VENDORED_DIRECTORY.glob("*.js")), ids=lambda path: path.name)
def test_vendored_scripts_name_no_source_map(path: Path) -> None:
    assert "sourceMappingURL" not in path.read_text(encoding="utf-8")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    ["/graphiql/assets/page.js", "/graphiql/assets/0000000000000000/page.js", "/graphiql/assets/x/..%2findex.html"],
)
async def test_nothing_but_the_listed_files_is_served(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


@pytest.mark.asyncio
async def test_own_fingerprint_serves_no_page_sources_or_paths(browser: httpx.AsyncClient) -> None:
    folder = (await page_references(browser))[0].rpartition("/")[0]
    for name in ["index.html", "VERSIONS.md", "..%2f..%2fgraphiql_page.py", "licenses"]:
        assert (await browser.get(f"{folder}/{name}")).status_code == 404, name


@pytest.mark.asyncio
async def test_examples_are_told_by_role(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/graphiql/examples.json")
    roles = cast("list[RoleExamples]", answer.json()["roles"])
    assert [role["role"] for role in roles] == ["guest", "customer", "person", "owner", "operator"]
    assert all(role["examples"] and role["label"] for role in roles)
    assert all(example["title"] for role in roles for example in role["examples"])
    assert [role["endpoint"] for role in roles].count("/admin/graphql") == 1


def test_every_example_belongs_to_a_told_role() -> None:
    assert {path.parent.name for path in EXAMPLE_PATHS} == {"guest", "customer", "person", "owner", "operator"}


@pytest.mark.parametrize("path", EXAMPLE_PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_is_one_titled_operation_with_its_variables(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None
    declared = {definition.variable.name.value for definition in operation.variable_definitions or ()}
    variables = path.with_suffix(".json")
    given = cast("dict[str, object]", json.loads(variables.read_text(encoding="utf-8"))) if variables.exists() else {}
    assert set(given) == declared


def test_every_variables_file_has_its_operation() -> None:
    for variables in EXAMPLES_DIRECTORY.glob("*/*.json"):
        assert variables.with_suffix(".graphql").exists(), variables.name
