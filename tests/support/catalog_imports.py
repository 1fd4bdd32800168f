"""Imports as a back office makes them: announced over HTTP, the file sent to the storage, the worker called."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from bootstrap import Parts, worker_parts
from db.models import CatalogExport, CatalogImport, CatalogImportError, new_id
from jobs.worker import drain
from tests.support.api import Api, Reply
from tests.support.factories import Shop

COUNTS = "counts { rows created updated unchanged failed errors }"
IMPORT = f"""
id fileName status isDryRun isAllOrNothing progress encoding unknownColumns reportUrl createdAt startedAt endedAt
{COUNTS} refusal {{ code message line row }}
errors(first: 100) {{ totalCount nodes {{ line row column code message value }} }}
"""
ERRORS = "userErrors { code field message ... on IllegalTransition { current allowed } }"
CREATE = f"""
mutation($input: CatalogImportCreateInput!) {{
  catalogImportCreate(input: $input) {{
    import {{ {IMPORT} }} upload {{ url headers {{ name value }} expiresAt }} {ERRORS} }} }}
"""
DO = {
    field: f"mutation($input: {given}!) {{ {field}(input: $input) {{ import {{ {IMPORT} }} {ERRORS} }} }}"
    for field, given in (
        ("catalogImportStart", "CatalogImportStartInput"),
        ("catalogImportCancel", "CatalogImportCancelInput"),
    )
}
FIND = f"query($id: ID!) {{ tenant {{ catalogImport(id: $id) {{ {IMPORT} }} }} }}"


@dataclass(frozen=True, slots=True)
class Importer:
    """A back office that imports, in somebody's hands."""

    api: Api
    parts: Parts
    shop: Shop
    token: str | None = None

    async def ask(self, document: str, **variables: Any) -> Reply:
        token = self.token or self.shop.token
        return await self.api.execute(document, variables, token=token, tenant=self.shop.slug)

    async def announce(self, size: int, name: str = "shop.csv") -> dict[str, Any]:
        """The payload of a new import."""
        reply = await self.ask(CREATE, input={"fileName": name, "size": size})
        return reply.payload("catalogImportCreate")

    async def send(self, content: bytes, name: str = "shop.csv") -> str:
        """The identifier of a new import whose file is there."""
        made = await self.announce(len(content), name)
        answer = await put(made["upload"], content)
        assert answer.status_code == 200, answer.text
        return str(made["import"]["id"])

    async def start(self, import_id: str, *, dry_run: bool, **given: Any) -> dict[str, Any]:
        sent = {"id": import_id, "dryRun": dry_run, **given}
        return (await self.ask(DO["catalogImportStart"], input=sent)).payload("catalogImportStart")["import"]

    async def cancel(self, import_id: str) -> dict[str, Any]:
        return (await self.ask(DO["catalogImportCancel"], input={"id": import_id})).payload("catalogImportCancel")[
            "import"
        ]

    async def work(self) -> None:
        """Do everything that the worker has to do now."""
        await drain(worker_parts(self.parts))

    async def find(self, import_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask(FIND, id=import_id)).data["tenant"]["catalogImport"]
        return found

    async def run(self, content: bytes, *, dry_run: bool = False, **given: Any) -> dict[str, Any]:
        """An import from the file to its end."""
        import_id = await self.send(content)
        await self.start(import_id, dry_run=dry_run, **given)
        await self.work()
        return await self.find(import_id)


async def refused_import(parts: Parts, shop: Shop) -> CatalogImport:
    """An import of which there is everything to tell, written without its file."""
    now, row = datetime.now(UTC), {"line": 2, "row": 2}
    made = CatalogImport(
        tenant_id=shop.tenant.id,
        id=new_id(),
        status="refused",
        file_name="shop.csv",
        size=100,
        encoding="utf-8",
        headings=["sku", "price", "Colour"],
        refusal={"code": "ROWS_WRONG", "message": "This row is wrong.", **row},
        started_at=now,
        ended_at=now,
        actor_kind="person",
        actor_id=shop.owner.person.id,
        errors=1,
    )
    error = CatalogImportError(
        tenant_id=shop.tenant.id,
        import_id=made.id,
        number=1,
        column="price",
        code="INVALID",
        message="No.",
        value="-1",
        **row,
    )
    async with parts.database.write(shop.actor.scope) as session:
        session.add(made)
        await session.flush()
        session.add(error)
    return made


async def full_export(parts: Parts, shop: Shop) -> CatalogExport:
    """An export of which there is everything to tell, without its file."""
    told = {"status": "done", "item_status": "active", "item_kind": "product", "category": "food"}
    made = CatalogExport(tenant_id=shop.tenant.id, id=new_id(), rows=1, size=100, ended_at=datetime.now(UTC), **told)
    made.actor_kind, made.actor_id = "person", shop.owner.person.id
    async with parts.database.write(shop.actor.scope) as session:
        session.add(made)
    return made


async def put(upload: dict[str, Any], content: bytes) -> httpx.Response:
    """As a browser sends a file."""
    headers = {header["name"]: header["value"] for header in upload["headers"]}
    async with httpx.AsyncClient(timeout=30) as http:
        return await http.put(upload["url"], content=content, headers=headers)


def counts(found: dict[str, Any]) -> tuple[int, ...]:
    """Rows created, updated, unchanged and failed."""
    return tuple(found["counts"][name] for name in ("created", "updated", "unchanged", "failed"))


def wrong(found: dict[str, Any]) -> list[tuple[int, str | None, str]]:
    """Row, column and code of each error."""
    return [(error["row"], error["column"], error["code"]) for error in found["errors"]["nodes"]]


async def download(url: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as http:
        return await http.get(url)
