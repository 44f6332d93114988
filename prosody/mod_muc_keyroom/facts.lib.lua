-- What Prosody and Jitsi's modules know of a room and of a session, in the words of urn:keyroom:jitsi:1.
-- Never what a client wrote into presence: the JWT context stands on the session.
local jid_split = require "util.jid".split;
local st = require "util.stanza";

local xmlns = "urn:keyroom:jitsi:1";
local longest = 1024; -- bytes of one fact; names and ids are far shorter

local facts = { xmlns = xmlns };

local function text(value)
	-- JSON's 4711 may have come as 4711.0.
	if type(value) == "number" and value % 1 == 0 then value = ("%d"):format(value); end
	if type(value) == "number" or type(value) == "boolean" then value = tostring(value); end
	if type(value) ~= "string" or value == "" or #value > longest or value:find("[%z\1-\31\127]") then return nil; end
	return value;
end

function facts.is_healthcheck(room_jid)
	return room_jid:sub(1, 21) == "__jicofo-health-check";
end

-- The form of a room's address that clients of a subdomain tenant use: [tenant]room@conference.DOMAIN is
-- room@conference.tenant.DOMAIN for them (mod_muc_domain_mapper).
function facts.virtual_jid(room_jid)
	if not room_jid then return nil; end
	local node, host = jid_split(room_jid);
	local base = module:get_option_string("muc_mapper_domain_base");
	local prefix = module:get_option_string("muc_mapper_domain_prefix", "conference");
	local tenant, name = (node or ""):match("^%[([^%]]+)%](.+)$");
	local muc = module:get_option_string("muc_mapper_domain", prefix .. "." .. (base or ""));
	if not base or not tenant or host ~= muc then return room_jid; end
	return name .. "@" .. prefix .. "." .. tenant .. "." .. base;
end

-- The main room of a breakout room, as mod_muc_breakout_rooms keeps it with the main room.
local function parent_of(room)
	for host, entry in pairs(prosody.hosts) do
		local muc = host ~= module.host and entry.modules and entry.modules.muc;
		if muc and muc.each_room then
			for main in muc.each_room(true) do
				local breakouts = main._data.breakout_rooms;
				if type(breakouts) == "table" and breakouts[room.jid] then return main.jid; end
			end
		end
	end
end

function facts.room(room)
	return st.stanza("room", {
		xmlns = xmlns;
		jid = room.jid;
		virtual = facts.virtual_jid(room.jid);
		["meeting-id"] = text(room._data.meetingId);
		parent = text(facts.virtual_jid(parent_of(room)));
	});
end

local function features_of(session)
	local features = session.jitsi_meet_context_features;
	local names = {};
	if type(features) == "table" then
		for name, value in pairs(features) do
			if type(name) == "string" and (value == true or value == "true") and text(name) and not name:find(" ") then
				names[#names + 1] = name;
			end
		end
	end
	table.sort(names);
	return text(table.concat(names, " "));
end

-- NULL for a session without a token's context. A tenant that cannot be told is not none: then its users are not told either, as
-- they would be taken for those of their ids without a tenant.
function facts.session(real_jid)
	local session = prosody.full_sessions[real_jid];
	local user = session and session.jitsi_meet_context_user;
	if type(user) ~= "table" then return nil; end
	local sub = session.jitsi_meet_domain; -- the claim
	if sub == "*" or sub == "" then sub = nil; end
	local tenant = text(sub);
	return st.stanza("session", {
		xmlns = xmlns;
		user = (sub == nil or tenant) and text(user.id) or nil;
		tenant = tenant;
		name = text(user.name);
		group = text(session.jitsi_meet_context_group);
		features = features_of(session);
	});
end

return facts;
