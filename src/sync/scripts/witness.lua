-- WITNESS: what a shard says of the records in it, and which process says so. With a nonce it also notes that a full snapshot
-- has begun to write there.
--
-- KEYS 1 marker of the shard
-- ARGV 1 nonce or ''
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'stage', ARGV[1]) end
local marker = redis.call('HMGET', KEYS[1], 'gen', 'version', 'source', 'fence', 'run')
return { marker[1] or '', marker[2] or '', marker[3] or '', marker[4] or '0', marker[5] or '', process_id() }
