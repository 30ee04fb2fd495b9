-- Requests of every member in turn. Arguments: the method, the file of members (one `token key` a line), the host of the
-- target. Requests are built before the clock starts; `request` only hands out the next one.

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
    -- What a browser extension sends.
    requests[#requests + 1] = wrk.format(method, "/user-keys", {
      ["Host"] = arguments[3],
      ["Authorization"] = "Bearer " .. token,
      ["Accept"] = "application/json",
      ["Content-Type"] = body and "application/json" or nil,
      ["Cache-Control"] = "no-store",
      ["Pragma"] = "no-cache",
      ["Device-Type"] = "2",
      ["Bitwarden-Client-Name"] = "browser",
      ["Bitwarden-Client-Version"] = "2026.9.0",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    }, body)
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
  for _, p in ipairs({ 50, 75, 90, 99, 99.9 }) do
    percentiles[#percentiles + 1] = string.format("%d", latency:percentile(p))
  end
  io.write(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"percentilesUs":[%s],"badStatus":%d,"socketErrors":%d}\n',
    summary.requests, summary.duration, table.concat(percentiles, ","),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
