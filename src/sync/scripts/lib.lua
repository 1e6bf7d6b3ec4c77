-- Shared by the scripts below it: the loader puts this text in front of each.

-- Versions are decimal text of any length. Lua's numbers would round them above 2^53.
local function is_newer(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end

-- A marker that is absent, of another type or incomplete reads as one without a name, so that it can be compared and replaced.
local function read_marker(key)
  local held = redis.pcall('HMGET', key, 'gen', 'version', 'source', 'fence', 'chunk')
  if held.err then held = {} end
  local marker = { gen = held[1] or '', version = held[2] or '', source = held[3] or '', fence = held[4] or '0', chunk = held[5] or '' }
  marker.name = marker.gen .. '/' .. marker.version .. '/' .. marker.source
  return marker
end

-- A key of another type can only be a mistake of somebody else: the control plane is the only writer.
local function version_in(key)
  local held = redis.pcall('HMGET', key, 'gen', 'ver')
  if not held.err then return held[2], held[1] or '0' end
  redis.call('UNLINK', key)
end

-- The version of a record or, if it has a grave, of its deletion.
local function held_version(key, grave)
  local version, gen = version_in(key)
  if not version and grave then version, gen = version_in(grave) end
  return version, gen
end

-- A field and its version, or neither: a script that is denied a command in the middle keeps what it has written.
local function write_field(hash, versions, item)
  if item.op == 'put' then
    redis.call('HSET', hash, item.ref, item.value)
    redis.call('HSET', versions, item.ref, item.version)
    return
  end
  local held = redis.call('HGET', versions, item.ref)
  redis.call('HSET', versions, item.ref, item.version)
  local deleted = redis.pcall('HDEL', hash, item.ref)
  if type(deleted) == 'table' and deleted.err then
    if held then redis.call('HSET', versions, item.ref, held) end
    error(deleted)
  end
end

-- A day: no writer who was stopped for longer still has a term.
local GRAVE_SECONDS = 86400

-- Replaces a whole record, so that fields which are empty now don't stay; without fields, deletes it.
-- They come as a list of names and values.
local function write_record(key, grave, gen, item)
  redis.call('UNLINK', key)
  if item.fields then
    redis.call('HSET', key, 'gen', gen, unpack(item.fields))
    if grave then redis.call('UNLINK', grave) end
  else
    redis.call('HSET', grave, 'gen', gen, 'ver', item.version)
    redis.call('EXPIRE', grave, GRAVE_SECONDS)
  end
end

-- Nothing older than what is held gets in.
local function put_record(key, grave, gen, item)
  local held, held_gen = held_version(key, grave)
  if held and (is_newer(held_gen, gen) or held_gen == gen and not is_newer(item.version, held)) then return false end
  write_record(key, grave, gen, item)
  return true
end

-- Where another slot has the stream, the marker stands in its place, and the change is told there.
local function announce(stream, version, kind, ref, op)
  if stream == KEYS[1] then return end
  local entry = { 'MAXLEN', '~', '100000', '*', 'v', version, 'kind', kind, 'ref', ref, 'op', op }
  if redis.pcall('XADD', stream, unpack(entry)).err then
    redis.call('UNLINK', stream)
    redis.call('XADD', stream, unpack(entry))
  end
end

-- Likewise the hint: without a channel it is published elsewhere.
local function publish(channel, hint)
  if channel ~= '' then redis.call('PUBLISH', channel, hint) end
end

-- Another one after every restart, and on every other server.
local function process_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end
