-- VOUCH: raises the marker of a shard, if whatever was written there since somebody looked can only be there still: by the
-- same process, and with nothing emptied in between.
--
-- KEYS 1 marker of the shard
-- ARGV 1 the process that was seen, 2 gen, 3 source, 4 from, or '' to take what is there for complete, 5 version, 6 fence
--      7 nonce of the full snapshot that has written all of it, or ''
local marker = read_marker(KEYS[1])
if is_newer(marker.fence, ARGV[6]) then return { 'fenced', marker.fence } end
if process_id() ~= ARGV[1] then return { 'gap', marker.fence } end

if ARGV[7] ~= '' then
  if redis.call('HGET', KEYS[1], 'stage') ~= ARGV[7] then return { 'gap', marker.fence } end
elseif ARGV[4] ~= '' then
  if marker.version == '' then return { 'missing', marker.fence } end
  if marker.gen ~= ARGV[2] or marker.source ~= ARGV[3] then return { 'foreign', marker.fence } end
  if is_newer(ARGV[4], marker.version) then return { 'gap', marker.fence } end
  if is_newer(marker.version, ARGV[5]) then return { 'ok', marker.fence } end
end

redis.call('HSET', KEYS[1], 'gen', ARGV[2], 'source', ARGV[3], 'version', ARGV[5], 'fence', ARGV[6], 'run', ARGV[1])
if ARGV[7] ~= '' then redis.call('HDEL', KEYS[1], 'stage') end
return { 'ok', marker.fence }
