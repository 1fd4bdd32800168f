"""How this process reaches Redis where somebody waits for the answer."""

from redis.asyncio import BlockingConnectionPool, Redis


def quick_redis(redis_url: str, *, connections: int, answer_seconds: float, decodes: bool = False) -> Redis:
    """Connects when first used, and anew whenever Redis comes back. Whoever asks grants it `answer_seconds`.

    With `decodes` answers are texts, else bytes.
    """
    pool: BlockingConnectionPool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - redis-py leaves the options untyped
        redis_url,
        max_connections=connections,
        # Less than whoever waits grants: redis-py swallows a cancellation that meets it while it connects.
        socket_connect_timeout=answer_seconds * 2 / 3,
        socket_timeout=answer_seconds,
        decode_responses=decodes,
    )
    return Redis.from_pool(pool)
