"""The Lua of the reservations: each script changes the counts of one tenant all together, by the server's own time.

A purse's money is a hash `usd` (`kind`, `ends`, `epoch`, `seq`, `position`, `base`, `settled`, `open`, `folded`) and a
hash `calls` of what is counted beside the ledger's sum `base`: call id to nano-dollars, or to `r<nano>:<deadline>`
while it is reserved. Numbers stay below 2^53 up to nine million dollars; beyond that they err by micro-dollars.
"""

from __future__ import annotations

from application.ports.tenants.reservations import RESERVED_S

# A rate's key holds the microsecond at which its bucket of one minute will be full again (GCRA).
_PRELUDE = """
local MINUTE, MOST = 60000000, 50000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local function whole(x) return string.format('%.0f', x) end
local function cost(amount, per_minute) return math.floor(amount * MINUTE / per_minute) end
local function full_at(key) return math.max(tonumber(redis.call('GET', key) or 0), now) end
local function keep(key, at)
  redis.call('SET', key, whole(at), 'PX', whole((math.max(at - now, 0) + MINUTE) / 1000))
end
local function wait(key, amount, per_minute)
  return full_at(key) - now + math.min(cost(amount, per_minute), MINUTE) - MINUTE
end
local function room(key, one)  -- how many of this cost a bucket holds
  return math.max(0, math.floor((MINUTE - full_at(key) + now) / math.min(one, MINUTE)))
end
-- How many of so many requests fit: that, and if it is not all, the number of the limit that stands in the way and the
-- wait. A limit of 0 is none. `fair` is what this user has taken of the first limit, `waiting` who was refused by it
-- lately: as long as others were, nobody takes more than an even share.
local function asked(rates, limits, fair, waiting, who, amount)
  local fits, inway, left, share = amount, 0, 0, limits[1]
  for i, rate in ipairs(rates) do
    local held = limits[i] > 0 and room(rate, cost(1, limits[i])) or amount
    if held < fits then fits, inway = held, i end
  end
  local short = inway == 1
  if limits[1] > 0 and who ~= '' then
    redis.call('ZREMRANGEBYSCORE', waiting, '-inf', whole(now - math.max(5000000, 2 * cost(1, limits[1]))))
    share = limits[1] / (redis.call('ZCARD', waiting) + (redis.call('ZSCORE', waiting, who) and 0 or 1))
    local held = share < limits[1] and room(fair, cost(1, share)) or amount
    if held < fits then fits, inway, short = held, 0, true end
    if short then
      redis.call('ZADD', waiting, whole(now), who)
      redis.call('ZREMRANGEBYRANK', waiting, 0, -1001)
      redis.call('PEXPIRE', waiting, 180000)
    end
    if fits > 0 then keep(fair, full_at(fair) + fits * cost(1, share)) end
  end
  for i, rate in ipairs(rates) do
    if limits[i] > 0 and fits > 0 then keep(rate, full_at(rate) + fits * cost(1, limits[i])) end
  end
  if fits < amount then
    if inway > 0 then left = wait(rates[inway], 1, limits[inway]) else inway, left = 2, wait(fair, 1, share) end
  end
  return fits, inway, left
end
local function read(value)
  local open, deadline = string.match(value, '^r(%d+):(%d+)$')
  if open then return tonumber(open), tonumber(deadline) end
  return tonumber(value), nil
end
local function put(usd, calls, id, value)
  local old = redis.call('HGET', calls, id)
  local amount, deadline = read(value)
  if not old and redis.call('HLEN', calls) >= MOST then
    redis.call('HINCRBY', usd, 'folded', whole(amount))
  else
    if old then
      local was, until_then = read(old)
      redis.call('HINCRBY', usd, until_then and 'open' or 'settled', whole(-was))
    end
    if deadline or amount > 0 then redis.call('HSET', calls, id, value) else redis.call('HDEL', calls, id) end
    redis.call('HINCRBY', usd, deadline and 'open' or 'settled', whole(amount))
  end
  redis.call('HINCRBY', usd, 'seq', 1)
end
local function standing(usd)
  local s = redis.call('HMGET', usd, 'base', 'settled', 'folded', 'open', 'epoch', 'seq')
  local used = tonumber(s[1] or 0) + tonumber(s[2] or 0) + tonumber(s[3] or 0)
  return used, tonumber(s[4] or 0), s[5] or '', tonumber(s[6] or 0)
end
local function tell(answer, usd)
  local used, open, epoch, seq = standing(usd)
  for _, part in ipairs({whole(used), whole(open), epoch, whole(seq)}) do answer[#answer + 1] = part end
end
local function known(usd, kind, epoch, seq)
  local s = redis.call('HMGET', usd, 'kind', 'ends', 'epoch', 'seq')
  return s[1] == kind and now < tonumber(s[2]) * 1000000 and s[3] == epoch and tonumber(s[4]) >= seq
end
"""

# KEYS: fair, waiting, rate for each bound. ARGV: user (or nothing), how many, requests a minute for each bound (0: no
# limit). -> how many fit, bound that stands in the way of more, wait (us)
COUNT = (
    _PRELUDE
    + """
local rates, limits = {}, {}
for i = 3, #KEYS do rates[i-2], limits[i-2] = KEYS[i], tonumber(ARGV[i]) end
local fits, bound, left = asked(rates, limits, KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]))
return {whole(fits), bound, whole(left)}
"""
)

# KEYS: fair, waiting; rate, places for each bound. ARGV: user (or nothing), turn, lasting (us), always; then requests a
# minute and places for each (0: no limit). -> verdict, bound, wait (us)
ENTER = (
    _PRELUDE
    + """
local turn, lasting, always = ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local rates, limits, bounds = {}, {}, #KEYS / 2 - 1
for i = 1, bounds do
  local places, most = KEYS[2*i+2], tonumber(ARGV[2*i+4])
  rates[i], limits[i] = KEYS[2*i+1], tonumber(ARGV[2*i+3])
  if most > 0 and not always then
    redis.call('ZREMRANGEBYSCORE', places, '-inf', whole(now))
    if not redis.call('ZSCORE', places, turn) and redis.call('ZCARD', places) >= most then
      return {'turns', i, whole(1000000)}
    end
  end
end
if not always then
  local fits, bound, left = asked(rates, limits, KEYS[1], KEYS[2], ARGV[1], 1)
  if fits < 1 then return {'requests', bound, whole(left)} end
end
for i = 1, bounds do
  if tonumber(ARGV[2*i+4]) > 0 then
    redis.call('ZADD', KEYS[2*i+2], whole(now + lasting), turn)
    redis.call('PEXPIRE', KEYS[2*i+2], whole(lasting / 1000 + 1000))
  end
end
return {'ok', 0, '0'}
"""
)

# KEYS: tokens, usd, calls for each bound. ARGV: call, nano-dollars, tokens, life of a reservation (us); then tokens a
# minute (0: no limit), nano-dollars (-1: no limit), kind, epoch, seq for each. -> verdict, bound, wait (us), standings
RESERVE = (
    _PRELUDE
    + """
local call, nano, tokens, life = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local bounds = #KEYS / 3
for i = 1, bounds do
  local rate, usd, calls = KEYS[3*i-2], KEYS[3*i-1], KEYS[3*i]
  local per_minute, most = tonumber(ARGV[5*i]), tonumber(ARGV[5*i+1])
  if most >= 0 then
    if not known(usd, ARGV[5*i+2], ARGV[5*i+3], tonumber(ARGV[5*i+4])) then return {'unknown', i, '0'} end
    local used, open = standing(usd)
    if used + open + nano > most and redis.call('HEXISTS', calls, call) == 0 then
      local left = RESERVED  -- for what others reserved may come back
      if used + nano > most then left = tonumber(redis.call('HGET', usd, 'ends')) * 1000000 - now end
      local answer = {'money', i, whole(left)}
      for j = 1, bounds do tell(answer, KEYS[3*j-1]) end
      return answer
    end
  end
  if per_minute > 0 then
    local left = wait(rate, tokens, per_minute)
    if left > 0 then return {'tokens', i, whole(left)} end
  end
end
local answer = {'ok', 0, '0'}
for i = 1, bounds do
  local rate, usd, calls = KEYS[3*i-2], KEYS[3*i-1], KEYS[3*i]
  local per_minute = tonumber(ARGV[5*i])
  if per_minute > 0 then keep(rate, full_at(rate) + cost(tokens, per_minute)) end
  if tonumber(ARGV[5*i+1]) >= 0 then
    put(usd, calls, call, 'r' .. ARGV[2] .. ':' .. whole(now + life))
    redis.call('EXPIREAT', calls, redis.call('HGET', usd, 'ends') + 86400)
  end
  tell(answer, usd)
end
return answer
""".replace("RESERVED", str(round(RESERVED_S * 1e6)))
)

# KEYS: as RESERVE. ARGV: call, nano-dollars, tokens to give back; then as RESERVE. -> verdict, bound, 0, standings
SETTLE = (
    _PRELUDE
    + """
local call, back = ARGV[1], tonumber(ARGV[3])
local answer = {'ok', 0, '0'}
for i = 1, #KEYS / 3 do
  local rate, usd, calls = KEYS[3*i-2], KEYS[3*i-1], KEYS[3*i]
  local per_minute = tonumber(ARGV[5*i-1])
  if per_minute > 0 and redis.call('EXISTS', rate) == 1 then
    local at = tonumber(redis.call('GET', rate))
    if back > 0 then at = at - cost(back, per_minute) else at = math.max(at, now) + cost(-back, per_minute) end
    keep(rate, at)
  end
  if tonumber(ARGV[5*i]) >= 0 then
    if not known(usd, ARGV[5*i+1], ARGV[5*i+2], tonumber(ARGV[5*i+3])) then
      answer[1], answer[2] = 'unknown', i
    elseif redis.call('HEXISTS', calls, call) == 1 then
      put(usd, calls, call, ARGV[2])
    end  -- else the ledger's sum holds it already
  end
  tell(answer, usd)
end
return answer
"""
)

# KEYS: usd, calls. ARGV: kind, ends (s), position, base (nano), number of known calls, these, then pairs of claims:
# call, value (`r<nano>` while open), and last the life of a reservation (us). -> standing
REBASE = (
    _PRELUDE
    + """
local usd, calls = KEYS[1], KEYS[2]
local position, base, gone = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local s = redis.call('HMGET', usd, 'kind', 'ends', 'position', 'base', 'folded')
if s[1] ~= ARGV[1] or s[2] ~= ARGV[2] then
  redis.call('DEL', usd, calls)
  redis.call('HSET', usd, 'kind', ARGV[1], 'ends', ARGV[2], 'epoch', time[1] .. '.' .. time[2], 'position', -1)
  redis.call('HSET', usd, 'base', 0, 'settled', 0, 'open', 0, 'folded', 0, 'seq', 0)
  redis.call('EXPIREAT', usd, ARGV[2] + 86400)
  s = {ARGV[1], ARGV[2], '-1', '0', '0'}
end
if position >= tonumber(s[3]) then
  local taken = 0
  for i = 6, 5 + gone do
    local value = redis.call('HGET', calls, ARGV[i])
    if value then
      local amount, deadline = read(value)
      redis.call('HDEL', calls, ARGV[i])
      redis.call('HINCRBY', usd, deadline and 'open' or 'settled', whole(-amount))
      taken = taken + amount
    end
  end
  -- What was counted without its id is paid back by what the ledger has gained beyond the calls it named.
  local folded = math.max(0, tonumber(s[5]) - math.max(0, base - tonumber(s[4]) - taken))
  redis.call('HSET', usd, 'position', ARGV[3], 'base', ARGV[4], 'folded', whole(folded))
end
local life = tonumber(ARGV[#ARGV])
for i = 6 + gone, #ARGV - 1, 2 do
  local id, value = ARGV[i], ARGV[i+1]
  local open = string.sub(value, 1, 1) == 'r'
  local old = redis.call('HGET', calls, id)
  if not old or (not open and old ~= value) then
    put(usd, calls, id, open and (value .. ':' .. whole(now + life)) or value)
  end
end
local all = redis.call('HGETALL', calls)
for i = 1, #all, 2 do
  local amount, deadline = read(all[i+1])
  if deadline and deadline < now then put(usd, calls, all[i], whole(amount)) end
end
redis.call('EXPIREAT', calls, ARGV[2] + 86400)
local answer = {}
tell(answer, usd)
return answer
"""
)
