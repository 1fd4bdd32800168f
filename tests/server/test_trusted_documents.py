"""Trusted documents by their hash: what is registered, what is refused, and that GET changes nothing."""

import hashlib
import io
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from bootstrap import Parts, build_parts, server_parts
from server.app import create_app
from server.trusted_documents import MOST_BYTES_OF_URL, UnfitDocuments, read_manifest
from settings import Settings
from tests.support.api import Api
from tests.support.documents import (
    DOCUMENTS,
    MIXED,
    PAGE,
    STOCK,
    TOLD,
    TWO,
    id_of,
    trusting_api,
    url_of,
    write_manifest,
)
from tests.support.factories import Factory, Shop
from tests.support.storefront import Storefront

SADU = Path(sys.executable).with_name("sadu")
PREFIX = "sha256:"


@pytest.fixture(scope="module")
async def trusting(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Api]:
    async with trusting_api(settings, tmp_path_factory.mktemp("documents")) as (running, _parts):
        yield running


async def get(api: Api, url: str, shop: Shop, **headers: str) -> httpx.Response:
    return await api.http.get(url, headers={"sadu-tenant": shop.slug} | headers)


async def post(api: Api, shop: Shop, token: str | None = None, **body: object) -> httpx.Response:
    credentials = {"authorization": f"Bearer {token}"} if token else {}
    return await api.http.post("/graphql", json=body, headers={"sadu-tenant": shop.slug} | credentials)


def code_of(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    return error["extensions"]["code"]


async def test_a_document_is_asked_for_by_its_hash(trusting: Api, factory: Factory, shop: Shop) -> None:
    await factory.product(shop)
    by_get = await get(trusting, url_of(PAGE, variables={"first": 1}), shop)
    by_post = await post(trusting, shop, documentId=id_of(PAGE), variables={"first": 1})
    by_text = await post(trusting, shop, query=PAGE, variables={"first": 1})
    assert by_get.json() == {"data": by_text.json()["data"]}
    assert by_post.json()["data"] == by_text.json()["data"]
    assert by_text.json()["data"]["store"]["slug"] == shop.slug


async def test_the_example_of_the_specification_has_its_hash() -> None:
    text = "query($id:ID!){user(id:$id){name}}"
    told = "sha256:71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"
    assert read_manifest(orjson.dumps({told: text})) == {told: text}


async def test_parameters_of_the_url_are_what_they_are_in_a_body(trusting: Api, factory: Factory, shop: Shop) -> None:
    for name in ("One", "Two"):
        await factory.product(shop, name=name)
    found = (await get(trusting, url_of(PAGE, variables={"first": 1}), shop)).json()
    assert len(found["data"]["store"]["items"]["nodes"]) == 1
    other_spelling = url_of(PAGE, operationName="page", variables=' { "first" : 1 } ', extensions={}) + "&utm=x"
    assert (await get(trusting, other_spelling, shop)).json() == found
    for name, field in (("slug", "slug"), ("phone", "contactPhone")):
        assert list((await get(trusting, url_of(TWO, operationName=name), shop)).json()["data"]["store"]) == [field]
    strict = {"accept": "application/graphql-response+json"}
    unnamed = await get(trusting, url_of(TWO), shop, **strict)
    assert (unnamed.status_code, code_of(unnamed)) == (400, "GRAPHQL_VALIDATION_FAILED")
    empty = await get(trusting, url_of(PAGE, operationName=""), shop)
    assert len(empty.json()["data"]["store"]["items"]["nodes"]) == 2


@pytest.mark.parametrize(
    "url",
    [
        url_of(PAGE, variables="{"),
        url_of(PAGE, variables="[]"),
        url_of(PAGE, variables="1"),
        url_of(PAGE, variables=""),
        url_of(PAGE, extensions="x"),
        url_of(PAGE, variables='{"a": "\\u0000"}'),
        url_of(PAGE, variables='{"a": "\\ud800"}'),
        url_of(PAGE, variables=f'{{"a": {"[" * 400}{"]" * 400}}}'),
        url_of(PAGE, variables=f'{{"a": {"[" * 1200}{"]" * 1200}}}'),
        url_of(PAGE) + f"&documentId={id_of(TWO)}",
        url_of(PAGE) + "&variables={}&variables={}",
        url_of(PAGE) + "&operationName=%ff",
        url_of(PAGE) + "".join(f"&a{number}=b" for number in range(50)),
    ],
    ids=range(13),
)
async def test_a_url_that_holds_no_request_is_refused(trusting: Api, shop: Shop, url: str) -> None:
    answer = await get(trusting, url, shop)
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_url_is_bounded(trusting: Api, shop: Shop) -> None:
    url = url_of(PAGE, extensions={"pad": ""}) + "&pad="
    room = MOST_BYTES_OF_URL - len(url.partition("?")[2])
    assert (await get(trusting, url + "x" * room, shop)).status_code == 200
    answer = await get(trusting, url + "x" * (room + 1), shop)
    assert (answer.status_code, code_of(answer)) == (413, "REQUEST_TOO_LARGE")


async def test_an_unknown_document_is_not_found(trusting: Api, shop: Shop, api: Api) -> None:
    unknown = [id_of("{ store { slug } }"), id_of(PAGE).removeprefix(PREFIX), id_of(PAGE).upper(), "x", "sha256:"]
    for name in unknown:
        for answer in (
            await get(trusting, f"/graphql?documentId={name}", shop),
            await post(trusting, shop, documentId=name),
        ):
            assert (answer.status_code, code_of(answer)) == (404, "PERSISTED_DOCUMENT_NOT_FOUND")
            assert "no-store" in answer.headers["cache-control"]
    nothing_registered = await get(api, url_of(PAGE), shop)
    assert (nothing_registered.status_code, code_of(nothing_registered)) == (404, "PERSISTED_DOCUMENT_NOT_FOUND")


async def test_a_body_names_one_document(trusting: Api, shop: Shop) -> None:
    bodies: list[dict[str, Any]] = [
        {"query": PAGE, "documentId": id_of(PAGE)},
        {"documentId": 1},
        {"documentId": [id_of(PAGE)]},
        {},
    ]
    for body in bodies:
        answer = await post(trusting, shop, **body)
        assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


async def test_get_executes_no_text_and_no_mutation(trusting: Api, shop: Shop) -> None:
    """Not for staff either: a link or an image on another site is a GET."""
    token = {"authorization": f"Bearer {shop.token}"}
    rename = url_of(MIXED, operationName="rename", variables={"to": "Stolen"})
    for url in ("/graphql", "/graphql?query={__typename}", url_of(PAGE, query="{__typename}"), rename):
        for method in ("GET", "HEAD"):
            answer = await trusting.http.request(method, url, headers={"sadu-tenant": shop.slug} | token)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await trusting.http.request(method, url_of(PAGE), headers={"sadu-tenant": shop.slug})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    named = await post(trusting, shop, query="{ store { name { en } } }")
    assert named.json()["data"]["store"]["name"]["en"] == f"Shop {shop.slug}"
    by_post = await post(
        trusting, shop, shop.token, documentId=id_of(MIXED), operationName="rename", variables={"to": "Renamed"}
    )
    assert by_post.json()["data"]["tenantUpdate"]["userErrors"] == []
    named = await post(trusting, shop, query="{ store { name { en } } }")
    assert named.json()["data"]["store"]["name"]["en"] == "Renamed"


async def test_a_query_beside_a_mutation_may_be_asked_for(trusting: Api, shop: Shop) -> None:
    answer = await get(trusting, url_of(MIXED, operationName="page"), shop)
    assert answer.json() == {"data": {"store": {"slug": shop.slug}}}


async def test_the_privileged_endpoint_has_no_documents(trusting: Api, factory: Factory) -> None:
    token = {"authorization": f"Bearer {(await factory.operator()).token}"}
    for url in (url_of(PAGE), url_of(TOLD)):
        answer = await trusting.http.get("/admin" + url, headers=token)
        assert (answer.status_code, code_of(answer)) == (404, "PERSISTED_DOCUMENT_NOT_FOUND")


async def test_head_tells_what_get_would_tell(trusting: Api, shop: Shop) -> None:
    asked = await get(trusting, url_of(PAGE), shop)
    told = await trusting.http.head(url_of(PAGE), headers={"sadu-tenant": shop.slug})
    assert (told.status_code, told.content) == (200, b"")
    for name in ("etag", "content-length", "content-type", "cache-control", "vary"):
        assert told.headers[name] == asked.headers[name]


def refusal_to_read(manifest: object) -> str:
    with pytest.raises(UnfitDocuments) as refused:
        read_manifest(manifest if isinstance(manifest, bytes) else orjson.dumps(manifest))
    return str(refused.value)


def test_a_manifest_is_read_with_and_without_the_prefix() -> None:
    """As Relay and GraphQL Code Generator write it, who leave the algorithm out."""
    expected = {id_of(each): each for each in DOCUMENTS}
    assert read_manifest(orjson.dumps(expected)) == expected
    assert read_manifest(orjson.dumps({id_of(each).removeprefix(PREFIX): each for each in DOCUMENTS})) == expected
    assert read_manifest(b"{}") == {}


def test_no_hash_is_believed() -> None:
    told = refusal_to_read({id_of(PAGE): PAGE, id_of(TWO): TWO + " "})
    assert told == f"{id_of(TWO)}: the hash of its document is {id_of(TWO + ' ')}."
    for other in (
        hashlib.md5(PAGE.encode(), usedforsecurity=False).hexdigest(),
        hashlib.sha1(PAGE.encode(), usedforsecurity=False).hexdigest(),
        id_of(PAGE).upper(),
        f"md5:{id_of(PAGE)}",
        "",
    ):
        assert "hash with SHA-256" in refusal_to_read({other: PAGE})


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"1", b'{"a": 1}', b'{"a": {"b": "c"}}', b"\xff"])
def test_what_is_no_manifest_is_refused(manifest: bytes) -> None:
    assert "The manifest" in refusal_to_read(manifest)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{ store { slgu } }", "Cannot query field 'slgu'"),
        ("{ store { slug }", "Syntax Error"),
        ("", "Syntax Error"),
        ("fragment a on Store { slug }", "is never used"),
        ("{ platform { tenants { totalCount } } }", "Cannot query field 'platform'"),
        ("{ " + "__typename " * 5_000 + "}", "Syntax Error"),
        ('{ store { item(slug: "\\u0000") { slug } } }', "NUL"),
        ("type Query { a: Int }", "not executable"),
    ],
)
async def test_a_document_that_does_not_fit_the_public_schema_is_named(
    settings: Settings, tmp_path: Path, document: str, reason: str
) -> None:
    manifest = write_manifest(tmp_path, {id_of(PAGE): PAGE, id_of(document): document})
    parts = build_parts(settings.model_copy(update={"trusted_documents": manifest}))
    with pytest.raises(UnfitDocuments) as refused:
        create_app(server_parts(parts))
    await parts.close()
    [objection] = refused.value.objections
    assert objection.startswith(f"{id_of(document)}: ")
    assert reason in objection


async def test_a_document_about_the_schema_is_refused_where_it_is_not_told(settings: Settings, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, {id_of(TOLD): TOLD})
    parts = build_parts(settings.model_copy(update={"trusted_documents": manifest, "introspection": False}))
    with pytest.raises(UnfitDocuments, match="asks for the schema"):
        create_app(server_parts(parts))
    await parts.close()


def serve(parts: Parts, manifest: Path) -> subprocess.CompletedProcess[str]:
    settings = parts.settings
    variables = {
        "SADU_DATABASE_URL": settings.database_url,
        "SADU_PLATFORM_DATABASE_URL": settings.platform_database_url,
        "SADU_REDIS_URL": settings.redis_url,
        "SADU_SMTP_URL": settings.smtp_url,
        "SADU_SECRETS_DIRECTORY": str(settings.secrets_directory),
        "SADU_SECRET_KEY": settings.secret_key.get_secret_value(),
        "SADU_IDENTITY_PRIVATE_KEY_FILE": str(settings.identity_private_key_file),
        "SADU_PORT": "0",
        "SADU_TRUSTED_DOCUMENTS": str(manifest),
    }
    return subprocess.run([SADU, "serve"], env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_the_server_refuses_to_start_and_names_the_document(parts: Parts, tmp_path: Path) -> None:
    unfit, forged = "{ store { slgu } }", {id_of(PAGE): TWO}
    for manifest, named in (({id_of(unfit): unfit}, id_of(unfit)), (forged, id_of(PAGE))):
        refused = serve(parts, write_manifest(tmp_path, manifest))
        assert refused.returncode == 1
        assert f"SADU_TRUSTED_DOCUMENTS: {named}: " in refused.stderr
        assert "Traceback" not in refused.stderr
    missing = serve(parts, tmp_path / "nothing.json")
    assert missing.returncode == 2
    assert "SADU_TRUSTED_DOCUMENTS" in missing.stderr


def documents(*files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SADU, "documents", *files], capture_output=True, text=True, timeout=60, check=False)


def test_the_command_makes_a_manifest_of_files(tmp_path: Path) -> None:
    """The bytes of a file count, its line ends too: `sha256sum` tells the same."""
    texts = {"page.graphql": PAGE + "\n", "two.graphql": TWO + "\r\n# تمر\r\n"}
    for name, content in texts.items():
        (tmp_path / name).write_bytes(content.encode())
    made = documents(*(tmp_path / name for name in texts))
    assert made.returncode == 0, made.stderr
    assert read_manifest(made.stdout.encode()) == {id_of(each): each for each in texts.values()}
    assert orjson.loads(made.stdout).keys() == {id_of(each) for each in texts.values()}


def test_the_command_makes_nothing_of_files_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "good.graphql").write_text(PAGE)
    (tmp_path / "bad.graphql").write_text("{ store { slgu } }")
    (tmp_path / "bytes.graphql").write_bytes(b"\xff")
    names = ("good", "bad", "bytes", "none")
    refused = documents(*(tmp_path / f"{name}.graphql" for name in names))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"{tmp_path}/bad.graphql: Cannot query field 'slgu'" in refused.stderr
    for name in ("bytes", "none"):
        assert f"{tmp_path}/{name}.graphql: cannot be read" in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_what_is_not_public_is_private_to_whoever_asks(trusting: Api, shop: Shop) -> None:
    token = {"authorization": f"Bearer {shop.token}"}
    for url, headers in (
        (url_of(PAGE), token),
        (url_of(PAGE), {"cookie": "a=b"}),
        (url_of(STOCK), token),
        (url_of(TOLD), {}),
    ):
        answer = await get(trusting, url, shop, **headers)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"
        assert "etag" not in answer.headers
        assert "cost" in answer.json()["extensions"]


async def test_a_get_is_answered_from_memory_before_it_is_read(
    settings: Settings, tmp_path: Path, shop: Shop, logged: io.StringIO
) -> None:
    async with trusting_api(settings, tmp_path) as (api, parts):
        await Storefront(api, parts, shop).warm()
        for _ in range(2):
            assert (await get(api, url_of(PAGE), shop)).status_code == 200
    lines = [orjson.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["roots"] for line in lines if line["event"] == "request"][-2:] == [["store"], []]
