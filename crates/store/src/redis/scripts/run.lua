-- Runs the step within its period of time. The reply ends with the entry that is to be recorded as durable,
-- or nothing, and the server's time.
local reply
if is_expired() then
  reply = { 'expired', reign or '' }
else
  reply = step()
end
if not reply.err then
  reply[#reply + 1] = unrecorded
  reply[#reply + 1] = string.format('%.0f', server_time)
end
return reply
