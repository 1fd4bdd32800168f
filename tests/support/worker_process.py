"""The worker as a process of its own, for tests that kill it: `python -m tests.support.worker_process`."""

import asyncio
import json
import os
from pathlib import Path

from db.session import Database, create_engine
from domain.payment_gateways import Gateways
from integrations.images import PillowRenderer
from integrations.s3 import S3ObjectStore
from integrations.secrets_file import FileSecretStore
from integrations.smtp import SmtpMailSender
from jobs.worker import WorkerParts, run_worker


async def main() -> None:
    given = json.loads(os.environ["WORKER"])
    database = Database(create_engine(given["database_url"], pool_size=5))
    mail = SmtpMailSender(given["smtp_url"], "Sadu <no-reply@sadu.test>")
    objects = S3ObjectStore("sadu", "us-east-1", "http://127.0.0.1:1")  # mails need none
    secret_key = b"a secret of the tests"
    parts = WorkerParts(
        database=database,
        mail=mail,
        objects=objects,
        images=PillowRenderer(),
        gateways=Gateways({}, FileSecretStore(Path("nowhere"), secret_key), "https://api.sadu.test"),  # nor that
        secret_key=secret_key,
        redis_url=given["redis_url"],
        public_url="https://api.sadu.test",
    )
    await run_worker(parts)
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(main())
