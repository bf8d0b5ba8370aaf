-- What every step begins with: in which reign it runs.
--
-- Each promotion and each start draws a new replication id, so it names one reign of one node. A
-- replica has none: what it has may be old, and what it writes would be lost.
local function reign_of_this_node()
  local info = redis.call('INFO', 'replication')
  if not string.find(info, 'role:master', 1, true) then
    return false
  end
  return string.match(info, 'master_replid:(%x+)')
end

local reign = reign_of_this_node()
