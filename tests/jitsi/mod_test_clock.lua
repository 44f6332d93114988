-- A server whose clock is an hour ahead.
local real = os.time;
os.time = function (t) return t and real(t) or real() + 3600; end
