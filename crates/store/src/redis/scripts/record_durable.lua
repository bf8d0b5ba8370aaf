-- Records that everything up to an entry is durable: as many replicas have it as its writer waits for. The
-- entry is acknowledged only after that. ARGV: the reign that it was appended in, its number, its position.
-- A log that was made again since then has no such entry.
if reign ~= ARGV[4] or not state[1] or tonumber(ARGV[5]) > tonumber(state[4]) then
  return { 'lost', reign or '' }
end
if state[11] ~= reign or tonumber(state[9]) < tonumber(ARGV[5]) then
  record_durable(ARGV[5], ARGV[6])
end
return { 'done', reign }
