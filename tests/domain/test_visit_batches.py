"""Mission S7: visits that come together are written together, each tenant's by themselves, and answered then."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import Any

import pytest
from sqlalchemy import event, text

from bootstrap import Parts
from db.session import Database, Scope
from domain.errors import Overloaded
from domain.visit_batches import BatchFailedError, Pace, VisitBatches
from domain.visit_sightings import Sighting, Touch
from domain.visits import Recorded
from tests.support.factories import Factory, Shop
from tests.support.statements import counted_statements

NOBODY_WAITS, FOR_EVER = 0.0, 3_600.0
LATEST = "SELECT last_source, last_medium, last_campaign, last_term, last_content, last_referrer FROM visits"


def first_time(source: str | None = None) -> Sighting:
    return Sighting(None, Touch(source=source))


def again(recorded: Recorded, touch: Touch | None = None) -> Sighting:
    return Sighting(recorded.visit_id, touch or Touch())


def scope_of(shop: Shop) -> Scope:
    return Scope(shop.tenant.id)


async def rows(database: Database, shop: Shop, query: str = "SELECT * FROM visits") -> Sequence[Any]:
    async with database.read(scope_of(shop)) as session:
        return (await session.execute(text(query))).all()


async def settled(*tasks: "asyncio.Task[Recorded]") -> list[Recorded | BaseException]:
    return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)


def begin(batches: VisitBatches, shop: Shop, sightings: Sequence[Sighting]) -> "list[asyncio.Task[Recorded]]":
    return [asyncio.ensure_future(batches.record(scope_of(shop), each)) for each in sightings]


async def begun(work: Awaitable[Recorded]) -> "asyncio.Task[Recorded]":
    """Started, and as far as it gets by itself."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    return task


@pytest.fixture
async def other_shop(factory: Factory) -> Shop:
    return await factory.shop()


@pytest.fixture
async def patient(parts: Parts) -> AsyncGenerator[VisitBatches]:
    """Writes a batch when it has ten, or when it is closed."""
    batches = VisitBatches(parts.database, pace=Pace(gather_seconds=FOR_EVER, most_in_batch=10))
    yield batches
    await batches.close()


@pytest.fixture
async def hasty(parts: Parts) -> AsyncGenerator[VisitBatches]:
    batches = VisitBatches(parts.database, pace=Pace(gather_seconds=NOBODY_WAITS))
    yield batches
    await batches.close()


async def test_two_hundred_at_once_are_few_transactions(parts: Parts, shop: Shop) -> None:
    batches = VisitBatches(parts.database, pace=Pace(gather_seconds=FOR_EVER, most_in_batch=50))
    with counted_statements(parts.database, with_envelopes=True) as statements:
        recorded = await settled(*begin(batches, shop, [first_time(f"s{number}") for number in range(200)]))
    assert sum(statement.startswith("BEGIN") for statement in statements) == 4
    assert sum("INSERT INTO visits" in statement for statement in statements) == 4
    found = {row.id: row.first_source for row in await rows(parts.database, shop)}
    assert [found[each.visit_id] for each in recorded if isinstance(each, Recorded)] == [f"s{n}" for n in range(200)]


async def test_two_tenants_never_share_a_batch(
    parts: Parts, shop: Shop, other_shop: Shop, patient: VisitBatches
) -> None:
    """Mission T3."""
    with counted_statements(parts.database, with_envelopes=True) as statements:
        tasks = [
            task for _ in range(10) for each in (shop, other_shop) for task in begin(patient, each, [first_time()])
        ]
        recorded = await settled(*tasks)
    assert sum(statement.startswith("BEGIN") for statement in statements) == 2
    scoped = {str(each.tenant.id) for each in (shop, other_shop)}
    assert {each for each in scoped for statement in statements if each in statement} == scoped
    for place, each in enumerate((shop, other_shop)):
        theirs = {one.visit_id for one in recorded[place::2] if isinstance(one, Recorded)}
        assert {row.id for row in await rows(parts.database, each)} == theirs
        assert len(theirs) == 10


async def test_nobody_is_answered_before_the_commit(parts: Parts, shop: Shop, hasty: VisitBatches) -> None:
    """Neither while the statement waits, nor between it and the end of the transaction."""
    known = await hasty.record(scope_of(shop), first_time())
    with counted_statements(parts.database, with_envelopes=True) as statements:
        async with parts.database.write(scope_of(shop)) as session:
            await session.execute(text("SELECT FROM visits FOR UPDATE"))
            waiting = begin(hasty, shop, [again(known), first_time()])
            done, _ = await asyncio.wait(waiting, timeout=0.3)
            assert not done
        assert [isinstance(each, Recorded) for each in await settled(*waiting)] == [True, True]
        assert statements[-1] == "COMMIT"
    assert sorted(row.sightings for row in await rows(parts.database, shop)) == [1, 2]


async def test_a_batch_that_fails_fails_alone(parts: Parts, shop: Shop, other_shop: Shop) -> None:
    impatient = Database(parts.database.engine, statement_timeout_ms=300)
    batches = VisitBatches(impatient, pace=Pace(gather_seconds=NOBODY_WAITS, most_waiting=3))
    known = await batches.record(scope_of(shop), first_time())
    async with parts.database.write(scope_of(shop)) as session:
        await session.execute(text("SELECT FROM visits FOR UPDATE"))
        failing = begin(batches, shop, [again(known), first_time()])
        (elsewhere,) = await settled(*begin(batches, other_shop, [first_time()]))
        assert isinstance(elsewhere, Recorded)
        failed = await settled(*failing)
    assert [type(each) for each in failed] == [BatchFailedError] * 2
    assert [row.sightings for row in await rows(parts.database, shop)] == [1]
    assert await batches.record(scope_of(shop), again(known)) == Recorded(
        known.visit_id, (await rows(parts.database, shop, "SELECT last_seen_at + interval '30 days' FROM visits"))[0][0]
    )


async def test_no_more_wait_than_may(parts: Parts, shop: Shop, other_shop: Shop) -> None:
    batches = VisitBatches(parts.database, pace=Pace(gather_seconds=FOR_EVER, most_waiting=3))
    waiting = [
        await begun(batches.record(scope_of(each), first_time(f"s{n}")))
        for n, each in enumerate((shop, other_shop, shop))
    ]
    for _ in range(5):
        with pytest.raises(Overloaded):
            await batches.record(scope_of(shop), first_time("too many"))
    await batches.close()
    assert all(isinstance(each, Recorded) for each in await settled(*waiting))
    assert {row.first_source for row in await rows(parts.database, shop)} == {"s0", "s2"}
    closing = await begun(batches.record(scope_of(shop), first_time()))
    await batches.close()
    assert isinstance((await settled(closing))[0], Recorded)


async def test_a_flood_at_one_store_leaves_room_for_others(parts: Parts, shop: Shop, other_shop: Shop) -> None:
    """Mission T3."""
    pace = Pace(gather_seconds=FOR_EVER, most_waiting=6, most_waiting_of_one=3)
    batches = VisitBatches(parts.database, pace=pace)
    for _ in range(2):
        waiting = [await begun(batches.record(scope_of(shop), first_time())) for _ in range(3)]
        # Also where the tenant has changed meanwhile, so that its visits come in another scope.
        for scope in (scope_of(shop), Scope(shop.tenant.id, edition=7)):
            with pytest.raises(Overloaded):
                await batches.record(scope, first_time("too many"))
        waiting += [await begun(batches.record(scope_of(other_shop), first_time())) for _ in range(3)]
        await batches.close()
        assert all(isinstance(each, Recorded) for each in await settled(*waiting))
    assert [len(await rows(parts.database, each)) for each in (shop, other_shop)] == [6, 6]


async def test_what_waits_is_written_at_the_end(parts: Parts, shop: Shop, patient: VisitBatches) -> None:
    waiting = begin(patient, shop, [first_time() for _ in range(7)])
    await asyncio.sleep(0)
    await patient.close()
    assert len(await rows(parts.database, shop)) == 7
    assert all(task.done() for task in waiting)


async def test_whoever_goes_away_takes_nobody_along(parts: Parts, shop: Shop, patient: VisitBatches) -> None:
    gone, *staying = begin(patient, shop, [first_time(f"s{number}") for number in range(5)])
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    await patient.close()
    assert all(isinstance(each, Recorded) for each in await settled(*staying))
    assert {row.first_source for row in await rows(parts.database, shop)} == {f"s{number}" for number in range(5)}


async def test_visits_take_two_connections_at_most(parts: Parts, factory: Factory) -> None:
    shops = [await factory.shop() for _ in range(12)]
    batches = VisitBatches(parts.database, pace=Pace(gather_seconds=NOBODY_WAITS))
    taken, most = 0, 0

    def out(*_: Any) -> None:
        nonlocal taken, most
        taken += 1
        most = max(most, taken)

    def back(*_: Any) -> None:
        nonlocal taken
        taken -= 1

    pool = parts.database.engine.sync_engine.pool
    event.listen(pool, "checkout", out)
    event.listen(pool, "checkin", back)
    try:
        recorded = await settled(*(task for shop in shops for task in begin(batches, shop, [first_time()])))
    finally:
        event.remove(pool, "checkout", out)
        event.remove(pool, "checkin", back)
    assert all(isinstance(each, Recorded) for each in recorded)
    assert most == 2


async def test_a_batch_goes_on_filling_while_it_waits_for_a_connection(
    parts: Parts, shop: Shop, other_shop: Shop
) -> None:
    batches = VisitBatches(parts.database, pace=Pace(gather_seconds=NOBODY_WAITS, most_writers=1))
    known = await batches.record(scope_of(shop), first_time())
    with counted_statements(parts.database) as statements:
        async with parts.database.write(scope_of(shop)) as session:
            await session.execute(text("SELECT FROM visits FOR UPDATE"))
            waiting = begin(batches, shop, [again(known)])
            await asyncio.sleep(0.1)
            for _ in range(5):
                waiting += begin(batches, other_shop, [first_time(), first_time()])
                await asyncio.sleep(0.01)
        await settled(*waiting)
    assert sum("INSERT INTO visits" in statement for statement in statements) == 2
    assert len(await rows(parts.database, other_shop)) == 10


async def test_a_visit_seen_twice_at_once_is_one(parts: Parts, shop: Shop, patient: VisitBatches) -> None:
    """Also one that is not known here: both are given the same new visit."""
    tasks = begin(patient, shop, [first_time("a"), *(Sighting(shop.tenant.id, Touch()) for _ in range(3))])
    await asyncio.sleep(0)
    await patient.close()
    recorded = [each for each in await settled(*tasks) if isinstance(each, Recorded)]
    assert [each == recorded[1] for each in recorded] == [False, True, True, True]
    assert sorted(row.sightings for row in await rows(parts.database, shop)) == [1, 3]


async def test_processes_that_see_the_same_visits_lose_no_sight(parts: Parts, shop: Shop) -> None:
    several = [VisitBatches(parts.database, pace=Pace(gather_seconds=NOBODY_WAITS)) for _ in range(4)]
    known = [each for each in await settled(*begin(several[0], shop, [first_time()] * 5)) if isinstance(each, Recorded)]
    chance = random.Random(7)  # noqa: S311 - the same order each time
    for _ in range(5):
        await settled(
            *(
                task
                for batches in several
                for each in chance.sample(known, 5)
                for task in begin(batches, shop, [again(each)])
            )
        )
    assert [row.sightings for row in await rows(parts.database, shop)] == [21] * 5


TOUCHES = [
    Touch(),
    Touch(source="a"),
    Touch(source="a", term="x"),
    Touch(source="b", referrer="r"),
    Touch(referrer="r"),
    Touch(referrer="q"),
]


@pytest.mark.parametrize("seed", range(12))
async def test_together_or_one_after_the_other_the_last_touch_is_the_same(
    parts: Parts, shop: Shop, hasty: VisitBatches, patient: VisitBatches, seed: int
) -> None:
    """What is folded in memory follows the rule that the statement follows."""
    chance = random.Random(seed)  # noqa: S311 - the same touches each time
    touch = chance.choice(TOUCHES)
    came = [chance.choice(TOUCHES), *chance.sample([touch, touch, Touch(), Touch()], 4)]
    scope, latest = scope_of(shop), list[Any]()
    for batches in (hasty, patient):
        known = await hasty.record(scope, Sighting(None, came[0]))
        tasks: list[asyncio.Task[Recorded]] = []
        for touch in came[1:]:
            tasks += begin(batches, shop, [again(known, touch)])
            if batches is hasty:
                await settled(*tasks)
        await asyncio.sleep(0)
        await batches.close()
        await settled(*tasks)
        latest.append(await rows(parts.database, shop, f"{LATEST} WHERE id = '{known.visit_id}'"))
    assert latest[0] == latest[1]
