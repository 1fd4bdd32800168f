"""The levels of cost buckets as Redis keeps them: one script, which takes the time from Redis itself."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from integrations.redis_clients import quick_redis

MOST_CONNECTIONS = 16

SCRIPT = """
local maximum, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local answers = {}
for i, key in ipairs(KEYS) do
  local owed, wanted = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local level = maximum
  local kept = redis.call('HMGET', key, 'level', 'at')
  if kept[1] then
    level = math.min(maximum, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * rate)
  end
  level = math.min(maximum, level - owed)
  local granted = level >= math.min(wanted, maximum)
  if granted then level = level - wanted end
  if level < maximum then
    redis.call('HSET', key, 'level', string.format('%.3f', level), 'at', string.format('%.6f', now))
    redis.call('PEXPIRE', key, math.ceil((maximum - level) / rate * 1000))
  else
    redis.call('DEL', key)
  end
  answers[2 * i - 1], answers[2 * i] = granted and 1 or 0, string.format('%.3f', level)
end
return answers
"""
"""A full bucket is no key at all, and a key is gone by the time its bucket is full again. A level may be below zero."""


class Account(NamedTuple):
    """What a client has spent (less what was given back) since the last time, and what it wants now."""

    client: str
    owed: float
    wanted: int


class Level(NamedTuple):
    """What is left, and whether the wanted points were taken from it."""

    granted: bool
    points: float


class CostLevels:
    """Connects when first used, and anew whenever Redis comes back."""

    def __init__(self, redis_url: str, *, maximum: int, restore_rate: int, answer_seconds: float) -> None:
        self._maximum, self._restore_rate = maximum, restore_rate
        self._redis = quick_redis(redis_url, connections=MOST_CONNECTIONS, answer_seconds=answer_seconds, decodes=True)
        self._script = self._redis.register_script(SCRIPT)

    async def settle(self, accounts: Sequence[Account]) -> list[Level]:
        """One trip for all of them. Raises whatever Redis or the way to it does."""
        given: list[str | float] = [self._maximum, self._restore_rate]
        for account in accounts:
            given += [account.owed, account.wanted]
        keys = [f"sadu:cost:{account.client}" for account in accounts]
        answers = cast("list[Any]", await self._script(keys, given))
        return [Level(bool(answers[i]), float(answers[i + 1])) for i in range(0, len(answers), 2)]

    async def close(self) -> None:
        """Give the connections back; for the end of the process."""
        await self._redis.aclose(close_connection_pool=True)
