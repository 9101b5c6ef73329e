/**
 * `takeFrom` as one atomic step inside Redis (token-bucket.ts is the reference). The time is the server's: replicas'
 * clocks differ. Numbers go back as text, since Redis cuts Lua's to integers.
 */
export const takeScript = `
local burst, per_second, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = burst
if kept[1] then
  local elapsed = math.max(0, now - tonumber(kept[2]))
  tokens = math.min(burst, tonumber(kept[1]) + elapsed / 1000 * per_second)
end
local allowed = 0
if tokens >= cost then
  allowed = 1
  tokens = tokens - cost
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((burst - tokens) / per_second * 1000)))
return { allowed, string.format('%.6f', tokens) }
`;
