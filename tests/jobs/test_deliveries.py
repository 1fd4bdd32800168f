"""Mission N4: what becomes of a message, whatever goes wrong around it. Real Postgres, real SMTP."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import func, text, update
from sqlalchemy.exc import DBAPIError, NoResultFound

from db.models import OutboxMessage, Send, Tenant
from db.queries.outbox import Lease
from db.session import Scope
from domain import deliveries, leases
from domain.actors import Actor, ActorKind
from domain.deliveries import Post, deliver
from domain.errors import AccessDenied, UserFault
from domain.leases import MOST_TRIES, TENANTS, Outcome, claim, pause_after
from domain.ports import OutgoingMail
from jobs.worker import WorkerParts, drain
from tests.jobs.conftest import Workers
from tests.support.outbox import Ground, eventually
from tests.support.smtp_server import ScriptedServer

RECEIVED = "mail.order_received"
NOTHING: dict[str, str] = {}


async def order_mail(ground: Ground, tenant: Tenant | None = None) -> tuple[Tenant, uuid.UUID, str]:
    """A message about a new order: its tenant, its id, and the shopper's address."""
    tenant = tenant or await ground.tenant()
    order = await ground.order(tenant)
    return tenant, await ground.enqueue(tenant, RECEIVED, order_id=order.id), order.customer_email


def post_of(worker: WorkerParts) -> Post:
    return Post(worker.database, worker.mail, worker.secret_key, "api.sadu.test")


async def outcome(ground: Ground, tenant: Tenant, message_id: uuid.UUID) -> tuple[str, int, str | None, int]:
    """Status and tries of the message; status and tries in the ledger."""
    message, sending = await ground.message(tenant, message_id), await ground.sending(tenant, message_id)
    return message.status, message.attempts, sending and sending.status, sending.attempts if sending else 0


async def exhaust(ground: Ground, worker: WorkerParts, tenant: Tenant, tries: int = MOST_TRIES) -> None:
    for _ in range(tries):
        await ground.make_due(tenant)
        await drain(worker)


# --- the usual way


async def test_a_message_is_sent_once_and_recorded(ground: Ground, worker: WorkerParts, server: ScriptedServer) -> None:
    """Mission N1, N4."""
    tenant, message_id, address = await order_mail(ground)
    assert await drain(worker) == 1
    assert await drain(worker) == 0
    assert server.recipients == [address]
    message, sending = await ground.message(tenant, message_id), await ground.sending(tenant, message_id)
    assert (message.status, message.attempts, message.last_error) == ("done", 1, None)
    assert message.done_at is not None
    assert sending is not None
    assert (sending.status, sending.attempts, sending.channel) == ("sent", 1, "mail")
    assert sending.sent_at is not None
    assert server.message_ids() == [sending.reference] == [f"<{message_id}@api.sadu.test>"]


async def test_a_persons_message_goes_the_same_way(ground: Ground, worker: WorkerParts, server: ScriptedServer) -> None:
    """Mission N4, T1."""
    person = await ground.person()
    code_id = await ground.code(person, "confirm")
    message_id = await ground.enqueue_for(person, "account.confirm", code_id=code_id)
    assert await drain(worker) == 1
    assert server.recipients == [person.email]
    assert (await ground.account_message(person, message_id)).status == "done"
    sending = await ground.account_sending(person, message_id)
    assert sending is not None
    assert (sending.status, sending.attempts) == ("sent", 1)


async def test_a_pointless_message_is_finished_in_silence(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    person = await ground.person()
    expired = await ground.code(person, "confirm", expires_at=datetime.now(UTC))
    message_id = await ground.enqueue_for(person, "account.confirm", code_id=expired)
    assert await drain(worker) == 1
    assert server.received == []
    assert (await ground.account_message(person, message_id)).status == "done"
    assert await ground.account_sending(person, message_id) is None


# --- failures


async def test_a_failure_is_tried_again_later_under_the_same_message_id(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant, message_id, _ = await order_mail(ground)
    server.to_content = lambda _mail: "451 not now"
    await drain(worker)
    message = await ground.message(tenant, message_id)
    assert (message.status, message.attempts, message.last_error) == ("pending", 1, "SMTPDataError")
    assert timedelta(seconds=2) < message.due_at - datetime.now(UTC) < timedelta(seconds=7)
    assert await outcome(ground, tenant, message_id) == ("pending", 1, "claimed", 1)
    assert await drain(worker) == 0

    server.to_content = lambda _mail: "250 taken"
    await ground.make_due(tenant)
    await drain(worker)
    assert await outcome(ground, tenant, message_id) == ("done", 2, "sent", 2)
    assert server.message_ids() == [f"<{message_id}@api.sadu.test>"] * 2


def test_pauses_grow_to_hours_and_spread() -> None:
    for attempt in range(1, MOST_TRIES):
        middle = timedelta(seconds=5 * 4 ** (attempt - 1))
        pauses = {pause_after(attempt) for _ in range(50)}
        assert len(pauses) > 40
        assert all(middle * 0.8 <= pause <= middle * 1.2 for pause in pauses)
    assert sum((pause_after(attempt) for attempt in range(1, MOST_TRIES)), timedelta()) > timedelta(hours=6)


async def test_poison_ends_dead_and_holds_up_nobody(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant = await ground.tenant()
    unheard_of = await ground.enqueue(tenant, "mail.unheard_of")
    orderless = await ground.enqueue(tenant, RECEIVED, order_id=uuid.uuid4())
    nonsense = await ground.enqueue(tenant, RECEIVED, order_id="nonsense")
    for tries in range(1, MOST_TRIES + 1):
        _, healthy, address = await order_mail(ground, tenant)
        await ground.make_due(tenant)
        assert await drain(worker) == 4
        assert server.count(address) == 1
        assert await outcome(ground, tenant, healthy) == ("done", 1, "sent", 1)
        status = "dead" if tries == MOST_TRIES else "pending"
        for poison in (unheard_of, orderless, nonsense):
            assert await outcome(ground, tenant, poison) == (status, tries, None, 0)
    assert (await ground.message(tenant, unheard_of)).last_error == "UnknownKind"
    assert await drain(worker) == 0


async def test_what_was_claimed_and_never_recorded_ends_unknown(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant, message_id, _ = await order_mail(ground)
    server.to_content = lambda _mail: "451 not now"
    await exhaust(ground, worker, tenant)
    assert await outcome(ground, tenant, message_id) == ("dead", MOST_TRIES, "unknown", MOST_TRIES)


async def test_a_refusal_is_final_at_once(ground: Ground, worker: WorkerParts, server: ScriptedServer) -> None:
    tenant, message_id, _ = await order_mail(ground)
    server.to_recipient = lambda _address: "550 nobody here"
    await drain(worker)
    assert await outcome(ground, tenant, message_id) == ("dead", 1, "refused", 1)
    assert (await ground.message(tenant, message_id)).last_error == "MailRefused"


async def test_the_dead_are_replayed_under_their_message_id(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant, message_id, _ = await order_mail(ground)
    server.to_content = lambda _mail: "451 not now"
    await exhaust(ground, worker, tenant)
    server.to_content = lambda _mail: "250 taken"
    owner = Actor(ActorKind.PERSON, tenant.id, uuid.uuid4(), "owner")
    async with ground.database.write(Scope(tenant_id=tenant.id)) as session:
        await deliveries.replay(session, actor=owner, message_id=message_id)
    await drain(worker)
    assert await outcome(ground, tenant, message_id) == ("done", 1, "sent", MOST_TRIES + 1)
    assert set(server.message_ids()) == {f"<{message_id}@api.sadu.test>"}


async def test_only_the_dead_are_replayed_and_only_by_who_may(ground: Ground, worker: WorkerParts) -> None:
    tenant, message_id, _ = await order_mail(ground)
    await drain(worker)
    owner, member = (Actor(ActorKind.PERSON, tenant.id, uuid.uuid4(), role) for role in ("owner", "member"))
    async with ground.database.write(Scope(tenant_id=tenant.id)) as session:
        with pytest.raises(UserFault, match="No such dead message"):
            await deliveries.replay(session, actor=owner, message_id=message_id)
        with pytest.raises(AccessDenied):
            await deliveries.replay(session, actor=member, message_id=message_id)
    assert (await ground.message(tenant, message_id)).status == "done"


async def test_logs_name_messages_and_never_people(
    ground: Ground, worker: WorkerParts, server: ScriptedServer, capfd: pytest.CaptureFixture[str]
) -> None:
    tenant, message_id, address = await order_mail(ground)
    server.to_content = lambda _mail: f"451 greylisted {address} Fahad"
    await drain(worker)
    server.to_recipient = lambda _address: f"550 nobody lives there {address}"
    await ground.make_due(tenant)
    await drain(worker)
    logged = "".join(capfd.readouterr())
    assert str(message_id) in logged
    assert "SMTPDataError" in logged
    assert "MailRefused" in logged
    for secret in (address, "Fahad", "greylisted", "nobody lives there"):
        assert secret not in logged


# --- interrupted between sending and recording


async def test_cancelled_after_hand_over_it_is_sent_again_with_the_same_message_id(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant, message_id, address = await order_mail(ground)
    server.to_content = lambda _mail: 20.0
    working = asyncio.create_task(drain(worker))
    await eventually(lambda: server.count(address) == 1)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert await outcome(ground, tenant, message_id) == ("pending", 1, "claimed", 1)

    server.to_content = lambda _mail: "250 taken"
    assert await drain(worker) == 0  # the lease holds
    await ground.make_due(tenant)
    await drain(worker)
    assert server.count(address) == 2
    assert server.message_ids() == [f"<{message_id}@api.sadu.test>"] * 2
    assert await outcome(ground, tenant, message_id) == ("done", 2, "sent", 2)


async def test_the_message_id_of_the_first_try_stays(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    tenant, message_id, _ = await order_mail(ground)
    server.to_content = lambda _mail: "451 not now"
    await drain(worker)
    server.to_content = lambda _mail: "250 taken"
    await ground.make_due(tenant)
    [lease] = await claim(worker.database, TENANTS, 1)
    moved = Post(worker.database, worker.mail, worker.secret_key, "api.moved.test")
    assert await deliver(moved, TENANTS, lease) is Outcome.SENT
    assert server.message_ids() == [f"<{message_id}@api.sadu.test>"] * 2


async def test_what_the_ledger_calls_sent_is_never_sent_again(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant, message_id, _ = await order_mail(ground)
    await drain(worker)
    async with ground.database.write(Scope(tenant_id=tenant.id)) as session:
        await session.execute(update(OutboxMessage).values(status="pending", due_at=func.now(), payload={}))
    assert await drain(worker) == 1
    assert len(server.received) == 1
    assert await outcome(ground, tenant, message_id) == ("done", 2, "sent", 1)


async def test_a_message_that_kills_its_worker_every_time_ends_dead(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    tenant, message_id, _ = await order_mail(ground)
    for _ in range(MOST_TRIES):
        await ground.make_due(tenant)
        assert len(await claim(worker.database, TENANTS, 10)) == 1
    await ground.make_due(tenant)
    await drain(worker)
    assert server.received == []
    assert await outcome(ground, tenant, message_id) == ("dead", MOST_TRIES + 1, None, 0)
    assert (await ground.message(tenant, message_id)).last_error == "TriesExhausted"


# --- several workers


async def test_two_workers_at_once_deliver_each_message_once(
    ground: Ground, new_worker: Workers, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenants = [await ground.tenant() for _ in range(4)]
    sent = [await order_mail(ground, tenants[index % 4]) for index in range(64)]
    handled = await asyncio.gather(drain(new_worker()), drain(new_worker()))
    assert sum(handled) == 64
    assert min(handled) > 0
    assert sorted(server.recipients) == sorted(address for _, _, address in sent)
    assert len(set(server.message_ids())) == 64
    for tenant, message_id, _ in sent:
        assert await outcome(ground, tenant, message_id) == ("done", 1, "sent", 1)


async def test_simultaneous_claims_share_out_what_is_due(ground: Ground, new_worker: Workers) -> None:
    tenant = await ground.tenant()
    await ground.enqueue_many(tenant, RECEIVED, [NOTHING] * 60)
    workers = [new_worker() for _ in range(3)]
    leases = await asyncio.gather(*(claim(worker.database, TENANTS, 20) for worker in workers))
    assert [len(each) for each in leases] == [20, 20, 20]
    assert len({lease.message_id for each in leases for lease in each}) == 60
    assert {lease.attempt for each in leases for lease in each} == {1}


async def test_a_tenants_thousands_delay_nobody_beyond_the_first_batch(ground: Ground, worker: WorkerParts) -> None:
    """Mission N4."""
    busy, quiet = await ground.tenant(), await ground.tenant()
    await ground.enqueue_many(busy, RECEIVED, [NOTHING] * 2_000)
    message_id = await ground.enqueue(quiet, RECEIVED)
    batch = await claim(worker.database, TENANTS, 20)
    assert len(batch) == 20
    assert message_id in {lease.message_id for lease in batch}


async def test_a_lease_keeps_others_off_until_it_ends(ground: Ground, worker: WorkerParts) -> None:
    tenant, message_id, _ = await order_mail(ground)
    [lease] = await claim(worker.database, TENANTS, 20)
    assert (lease.owner_id, lease.message_id, lease.attempt) == (tenant.id, message_id, 1)
    assert timedelta(seconds=55) < lease.until - datetime.now(UTC) < timedelta(seconds=65)
    assert await claim(worker.database, TENANTS, 20) == []
    await ground.make_due(tenant)
    [again] = await claim(worker.database, TENANTS, 20)
    assert again.attempt == 2


async def test_a_stale_worker_neither_sends_nor_writes(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant, message_id, _ = await order_mail(ground)
    stale, _ = await pass_on(ground, worker, tenant)
    post = post_of(worker)
    assert await deliver(post, TENANTS, stale) is Outcome.LOST
    assert server.received == []
    failure = ValueError()
    assert await deliveries.finish(post, TENANTS, stale, sent=True) is Outcome.LOST
    assert await leases.put_off(worker.database, TENANTS, stale, because=failure) is Outcome.LOST
    assert await leases.bury(worker.database, TENANTS, stale, because=failure) is Outcome.LOST
    assert await outcome(ground, tenant, message_id) == ("pending", 2, None, 0)


async def test_a_worker_overtaken_while_sending_records_nothing(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    """Mission N4."""
    tenant, message_id, _ = await order_mail(ground)
    [slow] = await claim(worker.database, TENANTS, 1)
    overtakers: list[Lease] = []

    class Overtaken:
        """Takes so long that the lease passes to somebody else; then the mail goes out."""

        async def send(self, mail: object) -> None:
            await ground.make_due(tenant)
            overtakers.extend(await claim(worker.database, TENANTS, 1))
            await worker.mail.send(mail)  # pyright: ignore[reportArgumentType]

    slow_post = Post(worker.database, Overtaken(), worker.secret_key, "api.sadu.test")
    assert await deliver(slow_post, TENANTS, slow) is Outcome.LOST
    assert await outcome(ground, tenant, message_id) == ("pending", 2, "claimed", 1)
    assert await deliver(post_of(worker), TENANTS, overtakers[0]) is Outcome.SENT
    assert len(server.received) == 2  # twice, and the ledger says so
    assert await outcome(ground, tenant, message_id) == ("done", 2, "sent", 2)


async def test_an_expired_lease_does_not_begin_to_send(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    tenant, message_id, _ = await order_mail(ground)
    await claim(worker.database, TENANTS, 1)
    async with ground.database.write(Scope(tenant_id=tenant.id)) as session:
        [until] = (
            await session.execute(
                update(OutboxMessage).values(due_at=func.now() - timedelta(seconds=1)).returning(OutboxMessage.due_at)
            )
        ).scalars()
    expired = Lease(tenant.id, message_id, 1, until)
    assert await deliver(post_of(worker), TENANTS, expired) is Outcome.LOST
    assert server.received == []


async def pass_on(ground: Ground, worker: WorkerParts, tenant: Tenant) -> tuple[Lease, Lease]:
    """The lease of a worker that was too slow, and the one that somebody else has now."""
    [stale] = await claim(worker.database, TENANTS, 1)
    await ground.make_due(tenant)
    [fresh] = await claim(worker.database, TENANTS, 1)
    return stale, fresh


# --- the database


async def test_the_ledger_itself_will_not_reopen_what_was_sent(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    tenant, message_id, _ = await order_mail(ground)
    [lease] = await claim(worker.database, TENANTS, 1)
    async with ground.database.write(Scope(tenant_id=tenant.id)) as session:
        session.add(Send(tenant_id=tenant.id, message_id=message_id, channel="mail", reference="<x@y>", status="sent"))
    assert await deliveries.composed(post_of(worker), TENANTS, lease) is None
    mail = OutgoingMail("<x@y>", "shopper@people.test", "Again", "", "")
    with pytest.raises(NoResultFound):
        await deliveries.entered(post_of(worker), TENANTS, lease, mail)
    assert await deliver(post_of(worker), TENANTS, lease) is Outcome.NOTHING_TO_SEND
    assert await outcome(ground, tenant, message_id) == ("done", 1, "sent", 1)


async def test_an_unreachable_database_loses_nothing(
    ground: Ground, worker: WorkerParts, server: ScriptedServer
) -> None:
    tenant, message_id, _ = await order_mail(ground)

    class Disconnecting:
        """Hands the mail over, and then the database closes every connection."""

        async def send(self, mail: object) -> None:
            await worker.mail.send(mail)  # pyright: ignore[reportArgumentType]
            async with ground.database.write(Scope()) as session:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                await session.execute(text(f"{others} AND pid <> pg_backend_pid() AND usename = current_user"))

    [lease] = await claim(worker.database, TENANTS, 1)
    post = Post(worker.database, Disconnecting(), worker.secret_key, "api.sadu.test")
    with pytest.raises(DBAPIError):
        await deliver(post, TENANTS, lease)
    assert await outcome(ground, tenant, message_id) == ("pending", 1, "claimed", 1)
    await ground.make_due(tenant)
    await drain(worker)
    assert await outcome(ground, tenant, message_id) == ("done", 2, "sent", 2)


async def test_one_slow_mail_holds_up_no_other(ground: Ground, worker: WorkerParts, server: ScriptedServer) -> None:
    tenant, _, slow_address = await order_mail(ground)
    others = [await order_mail(ground, tenant) for _ in range(30)]

    def slowly(mail: EmailMessage) -> str | float:
        return 20.0 if mail["To"] == slow_address else "250 taken"

    server.to_content = slowly
    working = asyncio.create_task(drain(worker))
    await eventually(lambda: {address for _, _, address in others} <= set(server.recipients))
    assert not working.done()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
