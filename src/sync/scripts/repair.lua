-- REPAIR: writes what was found to differ, whatever version is held, and deletes fields that nothing in PostgreSQL explains.
-- All or nothing: one resource that was written since it was looked at refuses the call.
--
-- KEYS 1 marker, 2 change stream or the marker again, then hashes, their version hashes, records and graves, named by position in the items
-- ARGV 1 gen, 2 source, 3 head: the items say what is true at this version, 4 fence, 5 channel, 6 hint
--      7 items: {kind, ref, op, version, hash, value, record, grave, fields, seen, seen_record}; without version: a stray field
local gen, source, head, fence = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local marker = read_marker(KEYS[1])
if marker.version == '' then return { 'missing', marker.fence } end
if marker.gen ~= gen or marker.source ~= source then return { 'foreign', marker.fence } end
if is_newer(marker.fence, fence) then return { 'fenced', marker.fence } end
-- What changed after the items were read may be in Redis already, and must not be undone.
if is_newer(marker.version, head) then return { 'moved', marker.fence } end

local function is_as_seen(item)
  if item.hash and (redis.call('HGET', KEYS[item.hash + 1], item.ref) or '') ~= item.seen then return false end
  if not item.record then return true end
  local held = redis.pcall('HMGET', KEYS[item.record], 'gen', 'ver')
  return (held[1] or '') .. '/' .. (held[2] or '') == item.seen_record
end

local items = cjson.decode(ARGV[7])
for _, item in ipairs(items) do
  if not is_as_seen(item) then return { 'moved', marker.fence } end
end

for _, item in ipairs(items) do
  if item.hash then
    local hash, versions = KEYS[item.hash], KEYS[item.hash + 1]
    if item.version then
      write_field(hash, versions, item)
    else
      redis.call('HDEL', hash, item.ref)
      redis.call('HDEL', versions, item.ref)
    end
  end
  if item.record then write_record(KEYS[item.record], KEYS[item.grave], gen, item) end
  announce(KEYS[2], gen .. '.' .. (item.version or head), item.kind, item.ref, item.op)
end
publish(ARGV[5], ARGV[6])
return { 'ok', marker.fence }
