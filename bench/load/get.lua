-- GET /user-keys as every member in turn. Arguments: the token file (one token a line), the host of the target.
-- Requests are built before the clock starts; `request` only hands out the next one.

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
  for token in io.lines(arguments[1]) do
    -- What a browser extension sends.
    requests[#requests + 1] = wrk.format("GET", "/user-keys", {
      ["Host"] = arguments[2],
      ["Authorization"] = "Bearer " .. token,
      ["Accept"] = "application/json",
      ["Cache-Control"] = "no-store",
      ["Pragma"] = "no-cache",
      ["Device-Type"] = "2",
      ["Bitwarden-Client-Name"] = "browser",
      ["Bitwarden-Client-Version"] = "2026.9.0",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    })
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
  io.write(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"p50Us":%d,"p99Us":%d,"badStatus":%d,"socketErrors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
