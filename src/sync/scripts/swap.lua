-- SWAP: puts complete stages in the place of the live hashes, if nothing has changed since they were compared. O(1): the
-- old hashes are freed in the background.
--
-- KEYS 1 marker, 2 change stream or the marker again, then per hash: live, versions, stage, versions of the stage, receipt
-- ARGV 1 name of the marker that is expected, 2 gen, 3 version, 4 source, 5 fence, 6 unix seconds, 7 schema, 8 snapshot id,
--      9 channel, 10 hint, then the last receipt of each stage
local marker = read_marker(KEYS[1])
local gen, version = ARGV[2], ARGV[3]
if marker.name ~= ARGV[1] then return { 'marker', marker.name } end
if is_newer(marker.fence, ARGV[5]) then return { 'fenced', marker.fence } end
if marker.gen == gen and is_newer(marker.version, version) then return { 'marker', marker.name } end

for i = 0, (#KEYS - 2) / 5 - 1 do
  local stage, versions, receipt = KEYS[i * 5 + 5], KEYS[i * 5 + 6], KEYS[i * 5 + 7]
  local expected = ARGV[i + 11]
  local sizes = '/' .. redis.call('HLEN', stage) .. '/' .. redis.call('HLEN', versions)
  local is_complete = redis.call('GET', receipt) == expected and string.match(expected, '/.*') == sizes
  if not is_complete then return { 'stage', stage } end
end

local function move(from, to)
  redis.call('UNLINK', to)
  if redis.call('EXISTS', from) == 1 then
    redis.call('RENAME', from, to)
    redis.call('PERSIST', to)
  end
end

for i = 0, (#KEYS - 2) / 5 - 1 do
  move(KEYS[i * 5 + 5], KEYS[i * 5 + 3])
  move(KEYS[i * 5 + 6], KEYS[i * 5 + 4])
  redis.call('UNLINK', KEYS[i * 5 + 7])
end

redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[1], 'gen', gen, 'version', version, 'schema', ARGV[7], 'heartbeat', ARGV[6], 'source', ARGV[4],
  'fence', ARGV[5], 'snapshot', ARGV[8])
announce(KEYS[2], gen .. '.' .. version, 'all', '*', 'put')
publish(ARGV[9], ARGV[10])
return { 'ok', gen .. '.' .. version }
