-- STAGE: collects one hash of a full snapshot beside the live one. Chunks are numbered, and each leaves a receipt with the
-- number of fields so far: if a chunk, or all of the stage, is lost in between, the next one is refused.
--
-- KEYS 1 stage, 2 versions of the stage, 3 receipt, 4 live hash, 5 its versions
-- ARGV 1 number of this chunk, 2 seconds to live, then for each item: op, ref, version, value
--      op is put, del, or keep: what can't be rendered keeps its last good value
local stage, versions, receipt, live, live_versions = unpack(KEYS)
local number, seconds = ARGV[1], ARGV[2]

local function receipt_of(n)
  return n .. '/' .. redis.call('HLEN', stage) .. '/' .. redis.call('HLEN', versions)
end

local held = redis.call('GET', receipt)
-- The answer to this very chunk may have been lost: then all of it is in already.
if held == receipt_of(number) then return held end
if number == '1' then
  if held then return '' end
elseif held ~= receipt_of(string.format('%d', number - 1)) then
  return ''
end

-- Its version must stay below the one that repairs it, also where it comes from a history that was given up.
local function last_good(ref, version)
  local value = redis.pcall('HGET', live, ref)
  local of_value = redis.pcall('HGET', live_versions, ref)
  if type(value) ~= 'string' or type(of_value) ~= 'string' then return nil end
  return value, is_newer(of_value, version) and '0' or of_value
end

local refs = {}
for n = 4, #ARGV, 4 do refs[#refs + 1] = ARGV[n] end
local staged = #refs > 0 and redis.call('HMGET', versions, unpack(refs)) or {}

local values, stamps, gone = {}, {}, {}
for n, ref in ipairs(refs) do
  local op, _, version, value = unpack(ARGV, 4 * n - 1, 4 * n + 2)
  if not staged[n] or (op ~= 'keep' and is_newer(version, staged[n])) then
    if op == 'keep' then value, version = last_good(ref, version) end
    if op == 'del' then
      gone[#gone + 1] = ref
    elseif value then
      values[#values + 1] = ref
      values[#values + 1] = value
    end
    if version then
      stamps[#stamps + 1] = ref
      stamps[#stamps + 1] = version
    end
  end
end
if #values > 0 then redis.call('HSET', stage, unpack(values)) end
if #gone > 0 then redis.call('HDEL', stage, unpack(gone)) end
if #stamps > 0 then redis.call('HSET', versions, unpack(stamps)) end

redis.call('EXPIRE', stage, seconds)
redis.call('EXPIRE', versions, seconds)
local now = receipt_of(number)
redis.call('SET', receipt, now, 'EX', seconds)
return now
