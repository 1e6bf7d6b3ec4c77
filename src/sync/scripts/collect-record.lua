-- COLLECT of one record whose marker lies in another slot: only exactly what was seen is deleted, however late this arrives.
--
-- KEYS 1 record
-- ARGV 1 gen, 2 the version that was seen, or '' for none
local held = redis.pcall('HMGET', KEYS[1], 'ver', 'gen')
if not held.err and ((held[1] or '') ~= ARGV[2] or is_newer(held[2] or '0', ARGV[1])) then return 0 end
return redis.call('UNLINK', KEYS[1])
