"""Telling the shop what became of a charge at the mock gateway."""

import uuid

from domain.jobs import Job


async def call_back(job: Job) -> None:
    """Nobody is told where the gateway is not offered any more. What is not taken is told again by another try."""
    gateway = job.tools.gateways.mock
    if gateway is not None:
        await gateway.call_back(job.tenant_id, uuid.UUID(job.payload["charge_id"]))
