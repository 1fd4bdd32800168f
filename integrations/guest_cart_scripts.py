"""What Redis does to a guest's cart, as a whole or not at all."""

COMMON = """
local function fields_of(key)
  local found, fields = redis.call('HGETALL', key), {}
  for i = 1, #found, 2 do fields[found[i]] = found[i + 1] end
  return fields
end
local function line_of(value)
  local place, quantity, price = string.match(value, '^(%d+) (%d+) (.+)$')
  return tonumber(place), tonumber(quantity), price
end
local function written(place, quantity, price)
  return string.format('%.0f %.0f %s', place, quantity, price)
end
"""
"""A line is the field `line:` and its variant, with place, quantity and the price as it was seen."""

LOAD = """
local found = redis.call('HGETALL', KEYS[1])
if #found > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return found
"""

CHANGE = (
    COMMON
    + """
local key, ops = KEYS[1], cjson.decode(ARGV[5])
local most_lines, most_of_one, creates = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local fields = fields_of(key)
if creates then fields.edition = '0' elseif not fields.edition then return {'missing'} end
local count, last = 0, 0
for name, value in pairs(fields) do
  if string.sub(name, 1, 5) == 'line:' then
    count = count + 1
    last = math.max(last, (line_of(value)))
  end
end
local changed = {}
local function put(name, value)
  if fields[name] and not value then count = count - 1 end
  if value and not fields[name] then count = count + 1 end
  fields[name], changed[name] = value or nil, value
end
for _, op in ipairs(ops.added) do
  local name, at, had, price = 'line:' .. op[1], nil, 0, op[3]
  if fields[name] then
    local seen
    at, had, seen = line_of(fields[name])
    if not op[5] then price = seen end
  else
    last = last + 1
    at = last
  end
  if had + op[2] > most_of_one then return {'too_many', tostring(op[4])} end
  put(name, written(at, had + op[2], price))
end
for _, op in ipairs(ops.kept) do
  local name = 'line:' .. op[1]
  if op[2] == 0 then
    put(name, false)
  elseif not fields[name] then
    return {'no_line', tostring(op[4])}
  else
    local at, _, price = line_of(fields[name])
    if op[5] then price = op[3] end
    put(name, written(at, op[2], price))
  end
end
for _, variant in ipairs(ops.removed) do put('line:' .. variant, false) end
if count > most_lines then return {'full'} end
if creates then redis.call('HSET', key, 'edition', '0') end
for name, value in pairs(changed) do
  if value then redis.call('HSET', key, name, value) else redis.call('HDEL', key, name) end
end
for name, value in pairs(ops.details) do
  if value == cjson.null then redis.call('HDEL', key, name) else redis.call('HSET', key, name, value) end
end
redis.call('PEXPIRE', key, ARGV[1])
return {'done', redis.call('HGETALL', key)}
"""
)
"""Checks everything before it writes anything. Answers a word, and then what that is about.

The arguments are the lifetime in milliseconds, how many lines a cart holds, how many of a variant, whether it is new,
and the operations: each of them variant, quantity, price, place in the input, and whether the price was shown.
"""

EMPTY = (
    COMMON
    + """
local key, taken = KEYS[1], cjson.decode(ARGV[2])
local fields = fields_of(key)
if not fields.edition then return 0 end
if taken.order then
  local orders = fields.orders or ''
  if string.find(orders, taken.order, 1, true) then return 0 end
  redis.call('HSET', key, 'orders', string.sub(taken.order .. ' ' .. orders, 1, 33 * 20))
elseif fields.edition ~= tostring(taken.edition) then
  return 0
else
  redis.call('HINCRBY', key, 'edition', 1)
end
local left = 0
for name, value in pairs(fields) do
  if string.sub(name, 1, 5) == 'line:' then
    local at, quantity, price = line_of(value)
    quantity = quantity - (taken.quantities[string.sub(name, 6)] or 0)
    if quantity > 0 then
      left = left + 1
      redis.call('HSET', key, name, written(at, quantity, price))
    else
      redis.call('HDEL', key, name)
    end
  end
end
for name, value in pairs(taken.details) do
  if fields[name] == value then redis.call('HDEL', key, name) end
end
if left == 0 then redis.call('DEL', key) end
return 1
"""
)
"""A cart remembers its latest twenty orders. With its last line it goes as a whole.

The arguments are its lifetime in milliseconds, and what is taken: of which `order`, or of which `edition` of the cart.
"""
