-- Opens a generation on a primary that has not, and writes something in any case, so that whoever
-- waits for the replicas after this waits for the generation, whoever opened it. Answers how often
-- healing has jumped ahead within it, which settling has to name.
if not reign then
  return { 'replica', '' }
end
if not state[1] then
  return { 'absent', reign }
end
redis.call('HINCRBY', meta, 'openings', 1)
if state[2] ~= reign then
  record_durable(state[4], recorded_end())
  local appended = append_generation(math.max(now(), tonumber(state[5])))
  if appended.err then
    return appended
  end
  redis.call('HSET', meta, 'generation', reign, 'settled', '')
end
return { 'done', reign, redis.call('HGET', meta, 'jumps') or '0' }
