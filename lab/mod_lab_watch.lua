-- An independent witness for the tests: writes down which public keys the service hands out and which epochs it announces,
-- as the server relays them. One line per fact: `claimed KIND KEY`, `announce TAG EPOCH KIND CHECK`: of a full
-- announce the instance and roster are cut to what a brief one has of them (docs/protocol.md 2.10, 7.2).
local ns = "urn:keyroom:1";
local base64 = require "util.encodings".base64;
local hex = require "util.hex";
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
		local tag, check = announce.attr["in"], announce.attr.check;
		if announce.attr.full then
			tag = base64.encode(hex.from(announce.attr.instance:sub(1, 12)));
			check = announce.attr.roster:sub(1, 8);
		end
		out:write("announce ", tag or "-", " ", attr(announce, "epoch"), " ", announce.attr.kind or "fresh", " ", check or "-", "\n");
	end
end

module:hook("iq/full", claimed, 1000);
module:hook("message/full", announced, 1000);
