"""Mission S3: imports that do not go straight: bad files, others' imports, cancelled, killed, several at once."""

import asyncio
import uuid
from contextvars import Context
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bootstrap import Parts
from db.models import CatalogItem, CatalogVariant, OutboxMessage, new_id
from db.queries.outbox import Lease
from db.session import Scope
from domain import catalog_import_files, catalog_import_slices
from domain.job_runs import Workshop, perform
from domain.jobs import Job, Tools
from domain.leases import JOBS, MOST_TRIES, Outcome, claim
from gql.ids import split_id
from integrations.images import PillowRenderer
from tests.support.api import Api
from tests.support.catalog_imports import DO, FIND, Importer, counts, put, wrong
from tests.support.factories import Factory, Shop
from tests.support.locks import when_blocked_by
from tests.support.statements import counted_statements


@pytest.fixture
async def importer(api: Api, parts: Parts, shop: Shop) -> Importer:
    return Importer(api, parts, shop)


def rows(number: int, first: int = 1) -> bytes:
    """So many plain items."""
    lines = [f"item-{each},Item {each},SKU-{each},1.5" for each in range(first, first + number)]
    return "\r\n".join(["item,name_en,sku,price", *lines]).encode()


def row_id(import_id: str) -> uuid.UUID:
    parsed = split_id(import_id)
    assert parsed
    return parsed[1]


async def step(parts: Parts) -> list[Outcome]:
    """One job of each tenant that has one to do."""
    workshop = Workshop(Tools(parts.database, parts.objects, PillowRenderer(), parts.gateways))
    leases = await claim(parts.database, JOBS, 20)
    return [await perform(workshop, lease) for lease in leases]


def job_of(importer: Importer) -> Job:
    """The job as a worker has it that has lost its lease long ago, and does not know."""
    lease = Lease(importer.shop.tenant.id, new_id(), 1, datetime.now(UTC))
    parts = importer.parts
    tools = Tools(parts.database, parts.objects, PillowRenderer(), parts.gateways)
    return Job(tools, lease, "catalog_import", {})


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job takes one slice, and slices are small."""
    monkeypatch.setattr(catalog_import_files, "SECONDS", 0)
    monkeypatch.setattr(catalog_import_slices, "SLICE_ROWS", 4)


async def shop_has(importer: Importer) -> tuple[int, int]:
    """Items, and the highest version of any."""
    async with importer.parts.database.read(Scope(importer.shop.tenant.id)) as session:
        found = await session.execute(select(func.count(), func.coalesce(func.max(CatalogItem.version), 0)))
        number, version = found.one()
    return number, version


# --- files that are none


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"PK\x03\x04" + b"\0" * 100, "NOT_CSV", "save it as CSV"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "NOT_CSV", "an image"),
        (b"sku,price\r\n", "EMPTY", "no rows"),
        (b"name,cost\r\nOud,5\r\n", "HEADINGS", "at least one of"),
        (b'sku,price\r\nA,1\r\n"B,2\r\n', "MALFORMED", "no end"),
        (b"sku,name_en\r\nA," + b"x" * (20 * 2**20 - 15), "TOO_LONG", "too long"),
    ],
    ids=["spreadsheet", "image", "empty", "headings", "quotation mark", "20 MiB in a cell"],
)
async def test_a_file_that_cannot_be_read_is_refused_with_a_clear_answer(
    importer: Importer, content: bytes, code: str, told: str
) -> None:
    found = await importer.run(content)
    assert (found["status"], found["refusal"]["code"]) == ("REFUSED", code)
    assert told in found["refusal"]["message"]
    assert await shop_has(importer) == (0, 0)


async def test_a_heading_that_cannot_be_stored_is_shown_and_not_read(importer: Importer) -> None:
    """Postgres stores no NUL; behind a mark that says UTF-8 a file may have one."""
    found = await importer.run(b"\xef\xbb\xbfsku,name_en,price,Co\0lour\nA,Oud,1,red\nB,O\0ud,1,red\n")
    assert (found["status"], counts(found), wrong(found)) == ("APPLIED", (1, 0, 0, 1), [(3, "name_en", "INVALID")])
    assert found["unknownColumns"] == ["Co\ufffdlour"]


async def test_a_file_with_too_many_rows(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is 50,000; here it is lower, for the sake of the machine."""
    assert catalog_import_files.MOST_ROWS == 50_000
    monkeypatch.setattr(catalog_import_files, "MOST_ROWS", 600)
    refused = await importer.run(rows(601))
    assert (refused["status"], refused["refusal"]["code"]) == ("REFUSED", "TOO_MANY_ROWS")
    assert await shop_has(importer) == (0, 0)
    assert (await importer.run(rows(600), dry_run=True))["counts"]["created"] == 600


async def test_only_the_file_that_was_announced_is_taken(importer: Importer) -> None:
    made = await importer.announce(len(rows(1)))
    import_id = made["import"]["id"]
    missing = await importer.ask(DO["catalogImportStart"], input={"id": import_id, "dryRun": True})
    assert missing.faults("catalogImportStart") == [("REQUIRED", ["id"])]
    assert (await put(made["upload"], rows(2))).status_code in (400, 403)
    forged = made["upload"] | {"headers": [{"name": "Content-Type", "value": "text/html"}]}
    assert (await put(forged, rows(1))).status_code == 403
    assert (await put(made["upload"], rows(1))).status_code == 200
    assert (await importer.start(import_id, dry_run=True))["status"] == "READING"


@pytest.mark.usefixtures("short_turns")
async def test_a_file_that_is_replaced_while_it_is_read_is_refused(importer: Importer, parts: Parts) -> None:
    """The link is good for its time: half of the one file and half of the other is no file that anybody made."""
    content = rows(1_200)
    made = await importer.announce(len(content))
    assert (await put(made["upload"], content)).status_code == 200
    await importer.start(made["import"]["id"], dry_run=False)
    await step(parts)
    assert (await importer.find(made["import"]["id"]))["counts"]["rows"] == catalog_import_files.BATCH
    assert (await put(made["upload"], content.replace(b",1.5", b",9.5"))).status_code == 200
    await importer.work()
    found = await importer.find(made["import"]["id"])
    assert (found["status"], found["refusal"]["code"]) == ("REFUSED", "CHANGED")
    assert await shop_has(importer) == (0, 0)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"fileName": " ", "size": 1}, "fileName"),
        ({"fileName": "a.csv", "size": 0}, "size"),
        ({"fileName": "a.csv", "size": 20 * 2**20 + 1}, "size"),
    ],
)
async def test_an_announcement_that_cannot_be(importer: Importer, given: dict[str, Any], field: str) -> None:
    document = (
        "mutation($i: CatalogImportCreateInput!) { catalogImportCreate(input: $i) { userErrors { code field } } }"
    )
    reply = await importer.ask(document, i=given)
    assert [path for _, path in reply.faults("catalogImportCreate")] == [[field]]


# --- others


async def test_another_tenants_import_is_not_there(importer: Importer, factory: Factory) -> None:
    """Mission T3."""
    import_id = await importer.send(rows(1))
    other = Importer(importer.api, importer.parts, await factory.shop())
    assert (await other.ask(FIND, id=import_id)).data["tenant"] == {"catalogImport": None}
    for mutation, given in (("catalogImportStart", {"dryRun": False}), ("catalogImportCancel", {})):
        refused = await other.ask(DO[mutation], input={"id": import_id, **given})
        assert refused.faults(mutation) == [("NOT_FOUND", ["id"])]
    assert (await importer.find(import_id))["status"] == "CREATED"


async def test_a_key_with_the_scope_imports_and_one_without_does_not(importer: Importer, factory: Factory) -> None:
    reader = await factory.api_key(importer.shop, "catalog:read", "orders:manage")
    refused = await Importer(importer.api, importer.parts, importer.shop, reader.token).ask(
        FIND, id=await importer.send(rows(1))
    )
    assert refused.codes == ["FORBIDDEN"]
    writer = await factory.api_key(importer.shop, "catalog:manage")
    found = await Importer(importer.api, importer.parts, importer.shop, writer.token).run(rows(2))
    assert counts(found) == (2, 0, 0, 0)


# --- one after the other


@pytest.mark.usefixtures("short_turns")
async def test_imports_of_a_tenant_are_run_one_at_a_time_in_their_order(importer: Importer, parts: Parts) -> None:
    first, second, third = [await importer.send(content) for content in (rows(9), rows(9), rows(3))]
    assert (await importer.start(first, dry_run=False))["status"] == "READING"
    assert (await importer.start(second, dry_run=False))["status"] == "QUEUED"
    assert (await importer.start(third, dry_run=False))["status"] == "QUEUED"
    running: list[set[str]] = []
    while (await importer.find(third))["status"] != "APPLIED":
        await step(parts)
        states = {each: (await importer.find(each))["status"] for each in (first, second, third)}
        running.append({each for each, state in states.items() if state in ("READING", "APPLYING")})
    assert all(len(each) <= 1 for each in running)
    assert counts(await importer.find(first)) == (9, 0, 0, 0)
    assert counts(await importer.find(second)) == (0, 0, 9, 0)


async def test_two_starts_at_once_are_one(importer: Importer) -> None:
    import_id = await importer.send(rows(3))
    given = {"id": import_id, "dryRun": False}
    replies = await asyncio.gather(*(importer.ask(DO["catalogImportStart"], input=given) for _ in range(4)))
    faults = sorted(str(reply.faults("catalogImportStart")) for reply in replies)
    assert faults == [str([("ILLEGAL_TRANSITION", ["id"])])] * 3 + ["[]"]
    await importer.work()
    assert counts(await importer.find(import_id)) == (3, 0, 0, 0)


@pytest.mark.usefixtures("short_turns")
async def test_a_long_import_leaves_room_for_another_tenants(
    importer: Importer, parts: Parts, factory: Factory
) -> None:
    """Mission S3: while one imports slice after slice, the other's file is through."""
    long = await importer.send(rows(60))
    await importer.start(long, dry_run=False)
    await step(parts)
    other = Importer(importer.api, parts, await factory.shop())
    short = await other.send(rows(2))
    await other.start(short, dry_run=False)
    for _ in range(4):
        await step(parts)
    assert (await other.find(short))["status"] == "APPLIED"
    assert (await importer.find(long))["status"] == "APPLYING"


@pytest.mark.usefixtures("short_turns")
async def test_a_cancelled_import_stops_and_lets_the_next_one_begin(importer: Importer, parts: Parts) -> None:
    long, following = await importer.send(rows(20)), await importer.send(rows(1, first=100))
    await importer.start(long, dry_run=False)
    await importer.start(following, dry_run=False)
    for _ in range(3):
        await step(parts)
    cancelled = await importer.cancel(long)
    assert (cancelled["status"], counts(cancelled)) == ("CANCELLED", (8, 0, 0, 0))
    await importer.work()
    assert counts(await importer.find(long)) == (8, 0, 0, 0)
    assert (await importer.find(following))["status"] == "APPLIED"
    assert await shop_has(importer) == (9, 1)
    again = await importer.ask(DO["catalogImportCancel"], input={"id": long})
    assert again.faults("catalogImportCancel") == [("ILLEGAL_TRANSITION", ["id"])]
    acts = await importer.ask("{ tenant { auditEntries(first: 5) { nodes { act details { name value } } } } }")
    entries = acts.data["tenant"]["auditEntries"]["nodes"]
    assert {"name": "import_id", "value": long} in entries[0]["details"]
    assert [each["act"] for each in entries][:3] == [
        "CATALOG_IMPORT_CANCEL",
        "CATALOG_IMPORT",
        "CATALOG_IMPORT",
    ]


# --- workers that go away


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.usefixtures("short_turns")
async def test_a_killed_worker_leaves_whole_slices_and_another_goes_on(
    importer: Importer, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mission S3: killed before each commit and behind each, nothing is applied twice or left out."""
    import_id = await importer.send(rows(14))
    await importer.start(import_id, dry_run=False)
    real, calls = catalog_import_slices.write_slice, 0

    async def dying(job: Job, wanted: uuid.UUID, **more: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls % 3 == 1:
            async with job.write() as session:
                await catalog_import_slices.fill_slice(session, job.tenant_id, wanted, **more)
                raise Killed
        went_on = await real(job, wanted, **more)
        if calls % 3 == 2:
            raise Killed
        return went_on

    monkeypatch.setattr(catalog_import_slices, "write_slice", dying)
    scope = Scope(importer.shop.tenant.id)
    for _ in range(40):
        try:
            await step(parts)
        except Killed:
            async with parts.database.write(scope) as session:  # as if its lease had run out
                waiting = OutboxMessage.status == "pending", OutboxMessage.kind == "catalog_import"
                await session.execute(update(OutboxMessage).where(*waiting).values(due_at=func.now()))
    found = await importer.find(import_id)
    assert calls > 8
    assert (found["status"], counts(found)) == ("APPLIED", (14, 0, 0, 0))
    assert await shop_has(importer) == (14, 1)


async def test_an_import_whose_worker_died_at_the_last_try_holds_up_no_other(importer: Importer, parts: Parts) -> None:
    """Nobody was there to tell that it failed: the next one to look at its job does."""
    stuck, following = await importer.send(rows(1)), await importer.send(rows(1, first=100))
    await importer.start(stuck, dry_run=False)
    await importer.start(following, dry_run=False)
    async with parts.database.write(Scope(importer.shop.tenant.id)) as session:
        job = OutboxMessage.kind == "catalog_import"
        await session.execute(update(OutboxMessage).where(job).values(attempts=MOST_TRIES))
    assert await step(parts) == [Outcome.DEAD]
    assert (await importer.find(stuck))["status"] == "FAILED"
    await importer.work()
    assert (await importer.find(following))["status"] == "APPLIED"


async def test_two_workers_at_one_import_apply_each_item_once(importer: Importer, parts: Parts) -> None:
    """A worker that lost its lease may still be writing when the next one begins."""
    await importer.run(rows(40))
    import_id = await importer.send(rows(40).replace(b",1.5", b",2"))
    await importer.start(import_id, dry_run=False)
    jobs = [job_of(importer) for _ in range(3)]
    await asyncio.gather(*(catalog_import_slices.go_on(job, row_id(import_id)) for job in jobs))
    await asyncio.gather(*(catalog_import_slices.go_on(job, row_id(import_id)) for job in jobs))
    found = await importer.find(import_id)
    assert (found["status"], counts(found)) == ("APPLIED", (0, 40, 0, 0))
    assert await shop_has(importer) == (40, 2)


async def test_who_comes_too_late_for_a_sku_is_told_and_the_others_go_on(importer: Importer, parts: Parts) -> None:
    """Somebody makes a variant with the SKU in the moment between the look and the write."""
    made = await importer.run(rows(1))
    assert counts(made) == (1, 0, 0, 0)
    import_id = await importer.send(b"item,name_en,sku,price\nitem-1,,SKU-1,1.5\nb,B,SKU-2,1\nc,C,SKU-3,1\n")
    await importer.start(import_id, dry_run=False)
    async with parts.database.write(Scope(importer.shop.tenant.id)) as session:
        owner = (await session.execute(select(CatalogItem))).scalar_one()
        late = CatalogVariant(tenant_id=owner.tenant_id, id=new_id(), item_id=owner.id, sku="SKU-3", price=1)
        late.name_en = "Another"
        session.add(late)
        await session.flush()
        # In a context of its own: it may have a connection though this task holds one.
        working = asyncio.create_task(importer.work(), context=Context())
        await when_blocked_by(session)
    await working
    found = await importer.find(import_id)
    assert (found["status"], counts(found), wrong(found)) == ("APPLIED", (1, 0, 1, 1), [(4, "sku", "TAKEN")])


# --- what it costs


async def test_a_slice_takes_as_many_statements_for_few_rows_as_for_many(importer: Importer, parts: Parts) -> None:
    asked: list[int] = []
    for number in (10, 290):
        import_id = await importer.send(rows(number, first=number * 1_000))
        await importer.start(import_id, dry_run=False)
        job = job_of(importer)
        await catalog_import_slices.go_on(job, row_id(import_id))
        with counted_statements(parts.database) as statements:
            assert await catalog_import_slices.take_slice(job, row_id(import_id))
        asked.append(len(statements))
        await importer.cancel(import_id)
    assert asked[0] == asked[1] <= 20, asked
