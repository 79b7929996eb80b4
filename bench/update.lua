-- wrk's part: one host after the other; every answer is read and must be the expected one.
-- Arguments: case (changed, unchanged, hello), file of "NAME AUTHORIZATION" lines, index of the address to begin with,
-- milliseconds that each connection rests behind an answer.

local NETS = { "192.0.2.", "198.51.100.", "203.0.113." } -- RFC 5737
local LAST = 254

local heads, addresses, round, sent = {}, {}, 0, 0
local tail = " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\nAuthorization: "
local authorizations = {}
local threads = {}

good, failed, sample, case = 0, 0, "", ""

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  case, round = arguments[1], tonumber(arguments[3])
  local rest = tonumber(arguments[4])
  -- wrk looks whether there is one.
  if rest > 0 then delay = function() return rest end end
  for _, net in ipairs(NETS) do
    for last = 1, LAST do table.insert(addresses, net .. last) end
  end
  for line in io.lines(arguments[2]) do
    local name, authorization = line:match("(%S+) (%S+)")
    table.insert(heads, "GET /nic/update?hostname=" .. name .. "&myip=")
    table.insert(authorizations, tail .. "Basic " .. authorization .. "\r\n\r\n")
  end
end

function request()
  if case == "hello" then return "GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" end
  local host = sent % #heads + 1
  local step = case == "changed" and 1 + math.floor(sent / #heads) or 0
  sent = sent + 1
  return heads[host] .. addresses[(round + step) % #addresses + 1] .. authorizations[host]
end

local WANTED = { changed = "good ", unchanged = "nochg ", hello = "hello" }

function response(status, _, body)
  if status == 200 and body:sub(1, #WANTED[case]) == WANTED[case] then
    good = good + 1
  else
    failed = failed + 1
    sample = status .. " " .. body:gsub("%W", " ")
  end
end

function done(summary, latency)
  local all_good, all_failed, last = 0, 0, ""
  for _, thread in ipairs(threads) do
    all_good, all_failed = all_good + thread:get("good"), all_failed + thread:get("failed")
    if thread:get("failed") > 0 then last = thread:get("sample") end
  end
  local errors = summary.errors
  print(string.format(
    'RESULT {"requests": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.1f, "failures": %d, "failure": "%s"}',
    all_good, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    all_failed + errors.connect + errors.read + errors.write + errors.timeout, last))
end
