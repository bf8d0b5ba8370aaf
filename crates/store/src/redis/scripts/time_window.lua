-- The period of server time in which a script may act.
--
-- A command can wait on its way, or at a server that is paused, for longer than its caller waits for the
-- reply. The caller then reports the outcome as unknown, and another call may change the same keys and be
-- acknowledged. A script that ran after that would undo acknowledged state. So the last argument is empty
-- for a script that only reads, and for any other it has four numbers: the earliest and the latest server
-- time at which the script may act, and the wall clock of the caller, all in milliseconds, and whether the
-- caller waits for replicas after the script.
local window = table.remove(ARGV)
local earliest, latest, caller_time, waits = string.match(window, '^(%d+) (%d+) (%d+) ([01])$')

-- The number and the position of the last entry that the caller finds on the replicas when it has waited,
-- if that is not recorded yet.
local unrecorded = ''

local function time_of_server()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local server_time = time_of_server()

local function is_expired()
  if window == '' then
    return false
  end
  return not (server_time >= tonumber(earliest) and server_time <= tonumber(latest))
end
