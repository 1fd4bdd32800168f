"""How the API tells the worker, over Redis, that the outbox has work: one job that carries nothing.

The job has a fixed id, so that any number of signals before the worker looks are one.
"""

import json
from typing import Any

from arq.connections import ArqRedis

DELIVER = "deliver"


def to_json(value: dict[str, Any]) -> bytes:
    """What goes into Redis: JSON, never a pickle. What JSON has no form for is told by its type."""
    return json.dumps(value, default=lambda unknown: type(unknown).__name__).encode()


def from_json(raw: bytes) -> dict[str, Any]:
    return json.loads(raw)


def queue_at(redis_url: str, *, connect_seconds: float, answer_seconds: float) -> ArqRedis:
    """The queue's client. Connects when first used, and again after each loss."""
    redis = ArqRedis.from_url(  # pyright: ignore[reportUnknownMemberType] - redis-py leaves the options untyped
        redis_url, socket_connect_timeout=connect_seconds, socket_timeout=answer_seconds
    )
    redis.job_serializer, redis.job_deserializer = to_json, from_json
    return redis
