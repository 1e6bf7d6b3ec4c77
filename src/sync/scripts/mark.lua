-- MARK: says of all slots together what each says of itself, once all of them do. Compare-and-set.
--
-- KEYS 1 the marker of the whole
-- ARGV 1 name of the marker that is expected, 2 gen, 3 version or '' for none, 4 source, 5 fence, 6 unix seconds, 7 schema,
--      8 snapshot id or '' to keep it, 9 shards that are vouched for, 10 channel, 11 hint or '' for none
local marker = read_marker(KEYS[1])
local name = ARGV[2] .. '/' .. ARGV[3] .. '/' .. ARGV[4]
if is_newer(marker.fence, ARGV[5]) then return { 'fenced', marker.fence } end
-- The answer may have been lost.
if marker.name ~= ARGV[1] and marker.name ~= name then return { 'moved', marker.fence } end

local snapshot = redis.pcall('HGET', KEYS[1], 'snapshot')
if ARGV[8] ~= '' or type(snapshot) ~= 'string' then snapshot = ARGV[8] end
redis.call('UNLINK', KEYS[1])
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'gen', ARGV[2], 'version', ARGV[3], 'schema', ARGV[7], 'heartbeat', ARGV[6], 'source', ARGV[4],
    'fence', ARGV[5], 'snapshot', snapshot, 'shards', ARGV[9])
end
if ARGV[11] ~= '' then publish(ARGV[10], ARGV[11]) end
return { 'ok', ARGV[5] }
