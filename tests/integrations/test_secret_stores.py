"""Mission C5: where tenants' credentials are kept. One contract, for files and for Secrets Manager.

moto has no policies, answers at once and forgets a deleted secret at once: what AWS does in between is played by a
server that answers as the test tells it to.
"""

import asyncio
import json
import multiprocessing
import stat
import traceback
import uuid
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from db.models import new_id
from domain.secret_store import SecretStore, SecretsUnavailable
from integrations.secrets_file import FileSecretStore
from integrations.secrets_manager import SecretsManagerStore
from tests.support.http_stand_in import Answered, Asked, stand_in
from tests.support.moto_process import running_moto

KEY = b"a secret key of these tests alone"
STRIPE, PAYPAL = "payments/stripe", "payments/paypal"
VALUES = {"secretKey": "sk_test_of_this_test", "webhookSecret": "whsec_of_this_test"}


@pytest.fixture(scope="module")
def moto() -> Generator[str]:
    with pytest.MonkeyPatch.context() as patch, running_moto() as url:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield url


@pytest.fixture(scope="module")
def stores(moto: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SecretStore]:
    return {
        "files": FileSecretStore(tmp_path_factory.mktemp("store"), KEY),
        "secrets_manager": SecretsManagerStore("me-south-1", "sadu-tests", moto, pause_seconds=0.01),
    }


@pytest.fixture(params=["files", "secrets_manager"])
def store(request: pytest.FixtureRequest, stores: dict[str, SecretStore]) -> SecretStore:
    return stores[request.param]


async def test_what_was_put_is_found_under_its_tenant_and_name_alone(store: SecretStore) -> None:
    tenant, other = new_id(), new_id()
    assert await store.get(tenant, STRIPE) is None
    await store.put(tenant, STRIPE, VALUES)
    assert await store.get(tenant, STRIPE) == VALUES
    assert await store.get(tenant, PAYPAL) is None
    assert await store.get(other, STRIPE) is None


async def test_new_values_take_the_place_of_all_old_ones(store: SecretStore) -> None:
    tenant = new_id()
    await store.put(tenant, STRIPE, VALUES)
    await store.put(tenant, STRIPE, {"secretKey": "مفتاح آخر"})
    assert await store.get(tenant, STRIPE) == {"secretKey": "مفتاح آخر"}


async def test_what_is_deleted_is_gone_and_can_be_put_again(store: SecretStore) -> None:
    tenant, other = new_id(), new_id()
    for each in (tenant, other):
        await store.put(each, STRIPE, VALUES)
    await store.delete(tenant, STRIPE)
    await store.delete(tenant, STRIPE)
    assert await store.get(tenant, STRIPE) is None
    assert await store.get(other, STRIPE) == VALUES
    await store.put(tenant, STRIPE, VALUES)
    assert await store.get(tenant, STRIPE) == VALUES


async def test_of_many_who_put_at_once_one_is_kept_whole(store: SecretStore) -> None:
    tenant = new_id()
    wanted = [{"secretKey": f"{n}" * 400, "webhookSecret": f"{n}"} for n in range(8)]
    await asyncio.gather(*(store.put(tenant, STRIPE, values) for values in wanted))
    assert await store.get(tenant, STRIPE) in wanted


async def test_no_secret_is_written_to_the_log_or_told_by_an_error(moto: str, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("no directory")

    def quoting(asked: Asked) -> Answered:
        return Answered(json.dumps({"__type": "ValidationException", "message": asked.body.decode()}).encode(), 400)

    with capture_logs() as logs, stand_in(quoting) as server:
        for store in (
            FileSecretStore(blocked, KEY),
            SecretsManagerStore("me-south-1", "sadu", "http://127.0.0.1:1"),
            SecretsManagerStore("me-south-1", "sadu", server.url),
        ):
            with pytest.raises(SecretsUnavailable) as raised:
                await store.put(new_id(), STRIPE, VALUES)
            assert "of_this_test" not in "".join(traceback.format_exception(raised.value))
            await store.close()
    assert [each["event"] for each in logs] == ["secrets_unavailable"] * 3
    assert "of_this_test" not in repr(logs)


async def test_a_file_opens_in_its_own_place_and_under_its_own_key_alone(tmp_path: Path) -> None:
    store = FileSecretStore(tmp_path, KEY)
    tenant, other = new_id(), new_id()
    await store.put(tenant, STRIPE, VALUES)
    await store.put(tenant, PAYPAL, {})
    await store.put(other, STRIPE, {})
    file, beside = (tmp_path / str(tenant) / f"payments%2F{name}.sealed" for name in ("stripe", "paypal"))
    elsewhere = tmp_path / str(other) / file.name
    sealed = file.read_bytes()
    assert not any(value.encode() in sealed for value in VALUES.values())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    for place, name, owner in ((beside, PAYPAL, tenant), (elsewhere, STRIPE, other)):
        place.write_bytes(sealed)
        with pytest.raises(SecretsUnavailable):
            await store.get(owner, name)
    with pytest.raises(SecretsUnavailable):
        await FileSecretStore(tmp_path, KEY + b"!").get(tenant, STRIPE)
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(SecretsUnavailable):
        await store.get(tenant, STRIPE)


def put_many(directory: Path, tenant: uuid.UUID, value: str) -> int:
    """What another process does; how often it found half of something."""

    async def put_and_get() -> int:
        store, broken = FileSecretStore(directory, KEY), 0
        for _ in range(30):
            await store.put(tenant, STRIPE, {"secretKey": value * 5_000})
            found = await store.get(tenant, STRIPE)
            broken += found is None or len(set(found["secretKey"])) != 1 or len(found["secretKey"]) != 5_000
        return broken

    return asyncio.run(put_and_get())


def test_several_processes_never_see_half_a_file(tmp_path: Path) -> None:
    tenant = new_id()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as others:
        assert sum(others.map(put_many, [tmp_path] * 2, [tenant] * 2, ["a", "b"])) == 0
    assert [each.name for each in (tmp_path / str(tenant)).iterdir()] == ["payments%2Fstripe.sealed"]


async def test_a_secret_whose_deletion_has_not_ended_is_asked_for_again(moto: str) -> None:
    waiting = ["ResourceNotFoundException", "InvalidRequestException", "InvalidRequestException"]

    def answer(asked: Asked) -> Answered:
        if waiting and not asked.target.endswith("GetSecretValue"):
            return Answered(json.dumps({"__type": waiting.pop(0)}).encode(), 400)
        return Answered(json.dumps({"__type": "InvalidRequestException"} if waiting else {}).encode())

    with stand_in(answer) as server:
        store = SecretsManagerStore("me-south-1", "sadu", server.url, pause_seconds=0)
        await store.put(new_id(), STRIPE, VALUES)
        assert [each.target.rpartition(".")[2] for each in server.asked] == [
            "PutSecretValue",
            "CreateSecret",
            "PutSecretValue",
            "PutSecretValue",
        ]
        waiting += ["InvalidRequestException"] * 9
        with pytest.raises(SecretsUnavailable):
            await store.put(new_id(), STRIPE, VALUES)
        server.answer = lambda _: Answered(json.dumps({"__type": "InvalidRequestException"}).encode(), 400)
        assert await store.get(new_id(), STRIPE) is None
        server.answer = lambda _: Answered(json.dumps({"__type": "AccessDeniedException"}).encode(), 400)
        for asking in (store.get(new_id(), STRIPE), store.delete(new_id(), STRIPE)):
            with pytest.raises(SecretsUnavailable):
                await asking
        await store.close()
