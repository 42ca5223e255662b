"""What the server does in one piece, in Lua. The rules are those of `domain/token_bucket.py`.

All buckets of a deployment share a hash tag, so that one script may use several of them in a
cluster. Time is the server's own.
"""

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Script:
    """A script, and the digest that the server knows it by once it has run it."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode()).hexdigest())  # noqa: S324


_BUCKETS = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function filled(key, capacity, rate)
  local kept = redis.call('HMGET', key, 'level', 'at')
  if not kept[1] or not kept[2] then return capacity, now end
  local level, at = tonumber(kept[1]), tonumber(kept[2])
  if at - now > 60000 then at = now end
  level = math.min(capacity, level + math.max(0, now - at) / 1000 * rate)
  return level, math.max(at, now)
end

local function keep(key, level, at, capacity, rate)
  redis.call('HSET', key, 'level', string.format('%.17g', level), 'at', string.format('%d', at))
  local full = math.min(math.ceil((capacity - level) / rate * 1000), 315360000000)
  redis.call('PEXPIRE', key, string.format('%d', math.max(full, 0) + 1000))
end
"""

TAKE = Script(
    _BUCKETS
    + """
local max_wait, wait, levels, ats = tonumber(ARGV[1]), 0, {}, {}
for i, key in ipairs(KEYS) do
  local amount = tonumber(ARGV[3 * i - 1])
  local capacity, rate = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local level, at = filled(key, capacity, rate)
  amount = math.min(amount, capacity)
  wait = math.max(wait, (amount - level) / rate)
  levels[i], ats[i] = level - amount, at
end
if wait > max_wait then return string.format('%.17g', -wait) end
for i, key in ipairs(KEYS) do
  keep(key, levels[i], ats[i], tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]))
end
return string.format('%.17g', wait)
"""
)
"""KEYS: the buckets. ARGV: the longest wait, then amount, capacity and gain a second of each.
Returns the seconds as `RateLimiter.take` does, as text.
"""

GIVE_BACK = Script(
    _BUCKETS
    + """
local amount, capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local level, at = filled(KEYS[1], capacity, rate)
keep(KEYS[1], math.min(capacity, level + amount), at, capacity, rate)
return 1
"""
)
"""KEYS: one bucket. ARGV: amount, capacity and gain a second."""

PROBE = Script("redis.call('SET', KEYS[1], '', 'PX', 1) return 1")
"""Whether the server runs scripts and lets them write. KEYS: a name for it."""
