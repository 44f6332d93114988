-- An independent witness for the tests: writes down which public keys the service hands out and which epochs it announces,
-- as the server relays them. One line per fact: `claimed KIND KEY`, `announce INSTANCE EPOCH KIND ROSTER PREV-CONTEXT`.
local ns = "urn:keyroom:1";
local out = assert(io.open(prosody.paths.data .. "/../watch.log", "a"));
out:setvbuf("line");

local function attr(stanza, name)
	return stanza.attr[name] or "-";
end

local function claimed(event)
	local result = event.stanza:get_child("claimed", ns);
	if result then
		for key in result:childtags("key") do
			out:write("claimed ", attr(key, "kind"), " ", attr(key, "key"), "\n");
		end
	end
end

local function announced(event)
	local announce = event.stanza:get_child("announce", ns);
	if announce then
		out:write("announce ", attr(announce, "instance"), " ", attr(announce, "epoch"), " ", attr(announce, "kind"), " ",
			attr(announce, "roster"), " ", attr(announce, "prev-context"), "\n");
	end
end

module:hook("iq/full", claimed, 1000);
module:hook("message/full", announced, 1000);
