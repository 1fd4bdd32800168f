"""Mission S3, P5: the catalogue goes out as a CSV file of the shape in which it comes in."""

import csv
from io import StringIO
from typing import Any

import pytest
from sqlalchemy import text

from bootstrap import Parts
from db.models import OutboxMessage
from db.session import Scope
from domain import catalog_imports
from domain.catalog_imports import Start
from domain.errors import FaultCode, UserFault
from gql.ids import split_id
from tests.support.api import Api
from tests.support.catalog import CatalogClient
from tests.support.catalog_files import CATEGORIES, kuwaiti_shop
from tests.support.catalog_imports import Importer, counts, download, wrong
from tests.support.factories import Factory, Shop

EXPORT = "id status itemStatus kind category rows size downloadUrl createdAt endedAt"
CREATE = f"""
mutation($input: CatalogExportCreateInput!) {{
  catalogExportCreate(input: $input) {{ export {{ {EXPORT} }} userErrors {{ code field message }} }} }}
"""
FIND = f"query($id: ID!) {{ tenant {{ catalogExport(id: $id) {{ {EXPORT} }} }} }}"
DANGEROUS = ["=HYPERLINK(1)", "+965 2222", "-5 % off", "@home", "'=already", "(none)", "'tis plain"]


@pytest.fixture
async def importer(api: Api, parts: Parts, shop: Shop) -> Importer:
    client = CatalogClient.of(api, shop)
    for slug in CATEGORIES:
        await client.category(slug.title(), slug=slug)
    return Importer(api, parts, shop)


async def exported(importer: Importer, **wanted: Any) -> dict[str, Any]:
    """An export from the question to its end."""
    made = (await importer.ask(CREATE, input=wanted)).payload("catalogExportCreate")["export"]
    assert (made["status"], made["downloadUrl"], made["size"]) == ("QUEUED", None, None)
    await importer.work()
    found: dict[str, Any] = (await importer.ask(FIND, id=made["id"])).data["tenant"]["catalogExport"]
    return found


def rows_in(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


async def furnish(importer: Importer) -> None:
    """Two hundred plain items, and some that try to be more than text."""
    await importer.run(kuwaiti_shop().content())
    client = CatalogClient.of(importer.api, importer.shop)
    for place, name in enumerate(DANGEROUS):
        await client.create(
            name={"ar": name},
            description={"en": f'{name}\nsecond line; with, "quotes"', "ar": name},
            status="DRAFT",
            variants=[
                {"price": "1.5", "name": {"en": name}, "sku": f"{'-' if place else '='}{place}"},
                {"price": "2", "name": {"en": f"{name} two", "ar": name}, "stock": 0, "compareAtPrice": "3"},
            ],
        )
    await client.create(
        name={"en": "Abaya"},
        slug="abaya",
        tags=["هدية", "=5; or more", "Silk, or \\ | so"],
        externalReference="ERP 17",
        options=[
            {"name": {"en": "Size", "ar": "المقاس"}, "values": [{"en": each} for each in ("S", "-L")]},
            {"name": {"ar": "اللون"}, "values": [{"ar": "أسود"}, {"ar": "=أحمر"}]},
        ],
        variants=[
            {"price": "9", "optionValues": ["S", "أسود"], "weight": 700, "externalReference": "-1"},
            {"price": "9", "optionValues": ["-L", "=أحمر"], "name": {"en": "Last one"}},
        ],
    )
    archived = await client.create(name={"en": "Gone"})
    await client.change("catalogItemArchive", id=archived["id"])


async def test_what_is_exported_can_be_imported_and_changes_nothing(importer: Importer) -> None:
    """Mission S3: over a shop furnished in both languages, with drafts and archived items."""
    await furnish(importer)
    export = await exported(importer)
    number = 200 + 2 * len(DANGEROUS) + 3
    assert (export["status"], export["rows"]) == ("DONE", number)
    answer = await download(export["downloadUrl"])
    assert answer.headers["content-disposition"].startswith('attachment; filename="catalog ')
    assert (len(answer.content), len(rows_in(answer.content))) == (export["size"], number)
    again = await importer.run(answer.content)
    assert (again["status"], counts(again), wrong(again)) == ("APPLIED", (0, 0, number, 0), [])
    assert again["unknownColumns"] == []


async def test_no_cell_is_carried_out_by_a_spreadsheet(importer: Importer) -> None:
    """Mission P5."""
    await furnish(importer)
    answer = await download((await exported(importer, status="DRAFT"))["downloadUrl"])
    cells = [cell for row in rows_in(answer.content) for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert "'=HYPERLINK(1)" in cells


async def test_only_what_was_asked_for(importer: Importer) -> None:
    await importer.run(kuwaiti_shop().content())
    client = CatalogClient.of(importer.api, importer.shop)
    found = await client.back_office('category(id: "x") { id } categories { id slug }')
    perfume = next(each["id"] for each in found["categories"] if each["slug"] == "perfume")
    below = await client.category("Rare", parent=perfume, slug="rare")
    await client.create(name={"en": "Sinking oud"}, slug="sinking", categoryIds=[below["id"]])
    export = await exported(importer, category="perfume", status="ACTIVE", kind="PRODUCT")
    rows = rows_in((await download(export["downloadUrl"])).content)
    assert (len(rows), export["rows"], rows[-1]["item"]) == (41, 41, "sinking")
    assert {row["status"] for row in rows} == {"active"}
    assert (await exported(importer, kind="SERVICE"))["rows"] == 0
    assert (await exported(importer, category="nothing"))["rows"] == 0
    refused = await importer.ask(CREATE, input={"category": "No Slug"})
    assert refused.faults("catalogExportCreate") == [("INVALID", ["category"])]
    acts = await importer.ask("{ tenant { auditEntries(act: CATALOG_EXPORT) { nodes { details { name value } } } } }")
    assert {"name": "export_id", "value": export["id"]} in [
        detail for entry in acts.data["tenant"]["auditEntries"]["nodes"] for detail in entry["details"]
    ]


async def test_an_edit_behind_the_export_is_not_overwritten(importer: Importer) -> None:
    """Mission S3: a stale row is refused, the others are applied; what says nothing new is never stale."""
    client = CatalogClient.of(importer.api, importer.shop)
    items = [await client.create(name={"en": f"Item {place}"}, slug=f"item-{place}") for place in range(3)]
    content = (await download((await exported(importer))["downloadUrl"])).content
    for item in items[:2]:
        await client.change("catalogItemUpdate", id=item["id"], version=1, price="9")
    mended = content.decode("utf-8-sig").replace("4.750", "5.000").replace("item-1,1,", "item-1,,")
    found = await importer.run(mended.encode())
    assert (counts(found), wrong(found)) == ((0, 2, 0, 1), [(2, "version", "STALE")])
    prices = [(await client.item(item["id"]))["price"]["amount"] for item in items]
    assert prices == ["9.000", "5.000", "5.000"]
    assert counts(await importer.run(mended.encode()))[2] == 2


async def test_another_tenants_export_is_not_there(importer: Importer, factory: Factory) -> None:
    """Mission P5, T3."""
    export = await exported(importer)
    other = Importer(importer.api, importer.parts, await factory.shop())
    assert (await other.ask(FIND, id=export["id"])).data["tenant"] == {"catalogExport": None}
    listed = await other.ask("{ tenant { catalogExports { totalCount nodes { id } } } }")
    assert listed.data["tenant"]["catalogExports"] == {"totalCount": 0, "nodes": []}
    mine = await importer.ask("{ tenant { catalogExports { totalCount nodes { id } } } }")
    assert mine.data["tenant"]["catalogExports"] == {"totalCount": 1, "nodes": [{"id": export["id"]}]}


async def test_five_exports_wait_at_most(importer: Importer) -> None:
    for _ in range(5):
        (await importer.ask(CREATE, input={})).payload("catalogExportCreate")
    assert (await importer.ask(CREATE, input={})).faults("catalogExportCreate") == [("LIMIT_REACHED", None)]


async def test_an_export_that_is_given_up_makes_room(importer: Importer, parts: Parts) -> None:
    made = (await importer.ask(CREATE, input={})).payload("catalogExportCreate")["export"]
    async with parts.database.write(Scope(importer.shop.tenant.id)) as session:
        await session.execute(text("UPDATE outbox SET attempts = 8 WHERE kind = 'catalog_export'"))
    await importer.work()
    found = (await importer.ask(FIND, id=made["id"])).data["tenant"]["catalogExport"]
    assert (found["status"], found["downloadUrl"]) == ("FAILED", None)


async def test_files_are_swept_after_some_days(importer: Importer, parts: Parts) -> None:
    import_id = await importer.send(b"sku,price\nOUD-1,-1\n")
    await importer.start(import_id, dry_run=True)
    export = await exported(importer)
    waiting = await importer.send(b"sku,price\nOUD-1,1\n")
    checked = await importer.find(import_id)
    urls = [export["downloadUrl"], checked["reportUrl"]]
    assert [(await download(url)).status_code for url in urls] == [200, 200]
    async with parts.database.write(Scope(importer.shop.tenant.id)) as session:
        # As if seven days had passed.
        await session.execute(text(f"UPDATE {OutboxMessage.__tablename__} SET due_at = now() WHERE status = 'pending'"))
    await importer.work()
    assert [(await download(url)).status_code for url in urls] == [404, 404]
    assert [(await importer.find(each))["status"] for each in (import_id, waiting)] == ["CHECKED", "EXPIRED"]
    swept = await importer.find(import_id)
    assert (swept["reportUrl"], swept["errors"]["nodes"], swept["counts"]["errors"]) == (None, [], 2)
    found = (await importer.ask(FIND, id=export["id"])).data["tenant"]["catalogExport"]
    assert (found["status"], found["downloadUrl"]) == ("EXPIRED", None)


async def test_a_start_that_saw_the_file_before_it_was_swept_is_refused(importer: Importer, parts: Parts) -> None:
    """There are no rows to apply any more: it would never end."""
    content = b"sku,name_en,price\nOUD-1,Oud,1\n"
    import_id = await importer.send(content)
    await importer.start(import_id, dry_run=True)
    await importer.work()
    async with parts.database.write(Scope(importer.shop.tenant.id)) as session:
        await session.execute(text("UPDATE outbox SET due_at = now() WHERE status = 'pending'"))
    await importer.work()
    parsed = split_id(import_id)
    assert parsed
    wanted = Start(is_dry_run=False, is_all_or_nothing=False, stored_size=len(content))
    with pytest.raises(UserFault) as refused:
        async with parts.database.write(importer.shop.actor.scope) as session:
            await catalog_imports.start(session, actor=importer.shop.actor, import_id=parsed[1], wanted=wanted)
    assert (refused.value.code, refused.value.field) == (FaultCode.REQUIRED, ("id",))
