-- COLLECT: deletes records that nothing in PostgreSQL explains, unless they were written again since they were looked at.
--
-- KEYS 1 marker, then records
-- ARGV 1 gen, 2 fence, then per record the version that was seen, or '' for none
local marker = read_marker(KEYS[1])
if marker.gen ~= ARGV[1] or marker.fence ~= ARGV[2] then return -1 end

local collected = 0
for i = 2, #KEYS do
  local held = redis.pcall('HGET', KEYS[i], 'ver')
  local version = type(held) == 'string' and held or ''
  if version == ARGV[i + 1] then collected = collected + redis.call('UNLINK', KEYS[i]) end
end
return collected
