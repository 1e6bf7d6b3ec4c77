-- APPLY: writes changed resources, each only if it is newer than what is held, and raises the marker with the last chunk.
--
-- KEYS 1 marker, 2 change stream or the marker again, then hashes, their version hashes, records and graves, named by position in the items
-- ARGV 1 gen, 2 source, 3 from, 4 head: every change after `from`, up to `head`, is in this call or in the chunks before it
--      5 fence, 6 unix seconds, 7 schema, 8 nonce and 9 number of the chunk, 10 `last` or '', 11 channel, 12 hint
--      13 items: {kind, ref, op, version, hash, value, record, grave, fields, elsewhere}; what stands elsewhere is only announced
local marker_key, changes_key = KEYS[1], KEYS[2]
local gen, source, from, head, fence = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local nonce, chunk, is_last = ARGV[8], tonumber(ARGV[9]), ARGV[10] == 'last'

local marker = read_marker(marker_key)
local function answer(status, written)
  return { status, marker.fence, written or 0 }
end

if marker.version == '' then return answer('missing') end
if marker.gen ~= gen or marker.source ~= source then return answer('foreign') end
if is_newer(from, marker.version) then return answer('gap') end
if is_newer(marker.fence, fence) then return answer('fenced') end
-- A failover can lose an earlier chunk and keep the marker. Repeating a chunk whose answer was lost is harmless.
local previous, current = nonce .. ':' .. (chunk - 1), nonce .. ':' .. chunk
if chunk > 1 and marker.chunk ~= previous and marker.chunk ~= current then return answer('gap') end

-- What has no version here was deleted, or never written. If the marker is no newer than what the caller has seen, the
-- caller knows which; else it may be about to bring back what somebody deleted meanwhile.
local may_create = not is_newer(marker.version, head)

local function put_field(hash, versions, item)
  local held = redis.call('HGET', versions, item.ref)
  if held then
    if not is_newer(item.version, held) then return false end
  elseif not may_create then
    return false
  end
  write_field(hash, versions, item)
  return true
end

local function put_whole(key, grave, item)
  if not may_create and not held_version(key, grave) then return false end
  return put_record(key, grave, gen, item)
end

local written = 0
for _, item in ipairs(cjson.decode(ARGV[13])) do
  local changed = item.elsewhere or item.hash and put_field(KEYS[item.hash], KEYS[item.hash + 1], item)
  if item.record and put_whole(KEYS[item.record], KEYS[item.grave], item) then changed = true end
  if changed then
    written = written + 1
    announce(changes_key, gen .. '.' .. item.version, item.kind, item.ref, item.op)
  end
end

if not is_last then
  redis.call('HSET', marker_key, 'chunk', current)
  return answer('ok', written)
end

local is_raised = is_newer(head, marker.version)
if is_raised then redis.call('HSET', marker_key, 'version', head) end
redis.call('HSET', marker_key, 'heartbeat', ARGV[6], 'fence', fence, 'schema', ARGV[7])
if marker.chunk ~= '' then redis.call('HDEL', marker_key, 'chunk') end
if is_raised or written > 0 then publish(ARGV[11], ARGV[12]) end
return answer('ok', written)
