-- RECORDS: whole-key records outside APPLY, while a full snapshot is being prepared. Only newer ones get in.
--
-- KEYS records and graves, named by position in the items
-- ARGV 1 gen, 2 items: {version, record, grave, fields}
-- Answers how many that were.
local written = 0
for _, item in ipairs(cjson.decode(ARGV[2])) do
  if put_record(KEYS[item.record], KEYS[item.grave], ARGV[1], item) then written = written + 1 end
end
return written
