-- RECORDS: whole-key records outside APPLY, while a full snapshot is being prepared. Only newer ones get in.
--
-- KEYS records and graves, named by position in the items
-- ARGV 1 gen, 2 items: {version, record, grave, fields}
for _, item in ipairs(cjson.decode(ARGV[2])) do
  put_record(KEYS[item.record], KEYS[item.grave], ARGV[1], item)
end
