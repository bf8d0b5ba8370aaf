-- Reads a log from one state of it. ARGV: from where on, how many entries at most.
if not reign then
  return { 'replica', '' }
end
if not state[1] then
  return { 'absent', reign }
end
local kept = redis.call('HMGET', meta, 'trimmed', 'missing', 'mended', 'floor')
local durable, durable_position = last_durable()
return {
  'done', reign, state[1], durable_position, text(durable), kept[1], kept[2], kept[3],
  text(redis.call('XLEN', log)),
  redis.call('XRANGE', log, ARGV[4], '+', 'COUNT', tonumber(ARGV[5])), state[4],
  kept[4] or '0-0'
}
