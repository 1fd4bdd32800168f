"""Trusted documents of a storefront, registered at an API of a test's own."""

import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from bootstrap import Parts
from settings import Settings
from tests.support.api import Api
from tests.support.storefront import other_process

PAGE = "query page($first: Int! = 2) { store { slug items(first: $first) { nodes { slug name { value } } } } }"
TWO = "query slug { store { slug } } query phone { store { contactPhone } }"
STOCK = "{ store { items(first: 1) { nodes { variants { stock } } } } }"
MIXED = """query page { store { slug } }
mutation rename($to: String!) { tenantUpdate(input: {name: {en: $to}}) { userErrors { code } } }"""
TOLD = "{ __schema { queryType { name } } }"
DOCUMENTS = (PAGE, TWO, STOCK, MIXED, TOLD)


def id_of(document: str) -> str:
    """The document's identifier by the specification, worked out here once more."""
    return "sha256:" + hashlib.sha256(document.encode()).hexdigest()


def url_of(document: str, **parameters: Any) -> str:
    """The URL as the specification has it: the identifier first, JSON without spaces."""
    given = "".join(
        f"&{name}={quote(value if isinstance(value, str) else orjson.dumps(value).decode(), safe='')}"
        for name, value in parameters.items()
    )
    return f"/graphql?documentId={id_of(document)}{given}"


def write_manifest(folder: Path, manifest: Mapping[str, str] | bytes) -> Path:
    file = folder / "manifest.json"
    file.write_bytes(manifest if isinstance(manifest, bytes) else orjson.dumps(manifest))
    return file


@asynccontextmanager
async def trusting_api(settings: Settings, folder: Path, **changes: Any) -> AsyncGenerator[tuple[Api, Parts]]:
    """The API with `DOCUMENTS` registered."""
    manifest = write_manifest(folder, {id_of(each): each for each in DOCUMENTS})
    async with other_process(settings, trusted_documents=manifest, **changes) as running:
        yield running
