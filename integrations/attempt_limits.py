"""Limits on attempts, in Redis for all processes together: one script decides on and counts an attempt as a whole."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import structlog

from domain.attempts import Attempt, AttemptKind, MostAttempts, account_subject, tallied
from domain.ports import LimitsUnavailable, TooManyAttempts
from integrations.redis_clients import quick_redis

MOST_CONNECTIONS = 16
LONGEST_WAIT_SECONDS = 0.5
SECONDS_BETWEEN_WARNINGS = 60.0
MICROSECOND = timedelta(microseconds=1)

SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local wait = 0
for i, key in ipairs(KEYS) do
  local most, window, wanted = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local oldest = redis.call('LINDEX', key, 0)
  while oldest and tonumber(oldest) <= now - window do
    redis.call('LPOP', key)
    oldest = redis.call('LINDEX', key, 0)
  end
  local excess = redis.call('LLEN', key) + wanted - most
  if excess > 0 then
    local last = redis.call('LINDEX', key, excess - 1)
    wait = math.max(wait, last and math.min(tonumber(last) + window - now, window) or window)
  end
end
if wait > 0 then return wait end
local at = string.format('%.0f', now)
for i, key in ipairs(KEYS) do
  for _ = 1, tonumber(ARGV[3 * i]) do redis.call('RPUSH', key, at) end
  redis.call('PEXPIRE', key, math.ceil(tonumber(ARGV[3 * i - 1]) / 1000))
end
return 0
"""
"""A key lists when its granted attempts were, in microseconds, the oldest first: never more than are granted.

Answers 0, or the time until all of it would be granted. A refused attempt is not counted, or whoever keeps trying would
lock an account for ever.
"""

log = structlog.get_logger("sadu.attempt_limits")


class RedisAttemptLimits:
    """Implements `domain.ports.AttemptLimits`. Connects when first used, and anew whenever Redis comes back."""

    def __init__(self, redis_url: str, *, secret_key: bytes, most: MostAttempts) -> None:
        self._secret_key, self._most = secret_key, most
        self._warned_at = float("-inf")
        self._redis = quick_redis(redis_url, connections=MOST_CONNECTIONS, answer_seconds=LONGEST_WAIT_SECONDS)
        self._script = self._redis.register_script(SCRIPT)

    async def grant(self, attempts: Sequence[Attempt], *, address: str) -> None:
        """Waits at most half a second for Redis."""
        tallies = tallied(attempts, address=address, most=self._most)
        keys = [self._key(tally.subject) for tally in tallies]
        given: list[int] = []
        for tally, wanted in tallies.items():
            given += [tally.most, tally.within // MICROSECOND, wanted]
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                wait = cast("int", await self._script(keys, given))
        except Exception as error:
            self._warn(error)
            raise LimitsUnavailable from None
        if wait > 0:
            raise TooManyAttempts(timedelta(microseconds=wait))

    async def forgive(self, kind: AttemptKind, *, account: str) -> None:
        """Without Redis it is not done, and the attempts are forgotten with time."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                await self._redis.delete(self._key(account_subject(kind, account)))
        except Exception as error:
            self._warn(error)

    async def close(self) -> None:
        """Give the connections back; for the end of the process."""
        await self._redis.aclose(close_connection_pool=True)

    def _key(self, subject: str) -> str:
        """Redis is not told whose attempts they are."""
        digest = hmac.digest(self._secret_key, f"attempts {subject}".encode(), hashlib.sha256)
        return f"sadu:attempts:{digest[:16].hex()}"

    def _warn(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._warned_at >= SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            log.warning("attempt_limits_lost", error=type(error).__name__)
