-- Requests of every member in turn, with the headers of the command line. Arguments: the method, the file of members
-- (one `token key` a line). Requests are built before the clock starts; `request` only hands out the next one.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

local requests, position, stride = {}, 0, 1

local function gcd(a, b)
  while b ~= 0 do a, b = b, a % b end
  return a
end

function init(arguments)
  local method = arguments[1]
  for line in io.lines(arguments[2]) do
    local token, key = line:match("^(%S+) (%S+)$")
    local body = method == "PUT" and '{"key":"' .. key .. '"}' or nil
    wrk.headers["Authorization"] = "Bearer " .. token
    wrk.headers["Content-Type"] = body and "application/json" or nil
    requests[#requests + 1] = wrk.format(method, "/user-keys", wrk.headers, body)
  end
  -- Each thread starts elsewhere and steps by a stride without a common divisor: it meets every member, in its own order.
  math.randomseed(os.time() + number * 7919)
  position = math.random(#requests)
  repeat stride = math.random(#requests) until gcd(stride, #requests) == 1
end

function request()
  position = (position + stride) % #requests
  return requests[position + 1]
end

function done(summary, latency)
  local errors = summary.errors
  local percentiles = {}
  for _, p in ipairs({ 50, 75, 90, 95, 99, 99.9 }) do
    percentiles[#percentiles + 1] = string.format('"%s":%d', p, latency:percentile(p))
  end
  io.write(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"latencyUs":{%s},"badStatus":%d,"socketErrors":%d}\n',
    summary.requests, summary.duration, table.concat(percentiles, ","),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
