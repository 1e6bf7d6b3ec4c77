-- REPAIR of one record whose marker lies in another slot: writes what was found to differ, whatever version is held, unless
-- it was written since it was looked at.
--
-- KEYS 1 record, 2 its grave, if it has one
-- ARGV 1 gen, 2 head: the item says what is true at this version, 3 item: {version, fields, seen_record}
local item = cjson.decode(ARGV[3])
local held = redis.pcall('HMGET', KEYS[1], 'gen', 'ver')
if (held[1] or '') .. '/' .. (held[2] or '') ~= item.seen_record then return 'moved' end
-- It may have been deleted after the item was read.
local buried, buried_gen
if KEYS[2] then buried, buried_gen = version_in(KEYS[2]) end
if buried and (is_newer(buried_gen, ARGV[1]) or buried_gen == ARGV[1] and is_newer(buried, ARGV[2])) then return 'moved' end

write_record(KEYS[1], KEYS[2], ARGV[1], item)
return 'ok'
