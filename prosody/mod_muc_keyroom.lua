-- Keyroom beside a real Jitsi: load it on the main and the breakout MUC component.
--
--   keyroom_component = "keyroom.example.com"  -- the Component block of keyroomd
--   keyroom_open_when_away = false             -- while keyroomd is away: let key messages through where its policy is `occupants`
--   keyroom_keep_e2ee = false                  -- only moderators may switch E2EE off
--
-- It invites the component into every room, makes it an occupant that nobody sees (ghost.lib.lua), has it decide on the key
-- messages of stock clients (hold.lib.lua), and marks those that may get no keys (presence.lib.lua). See docs/jitsi.md.
local jid_bare, jid_host, jid_split = require "util.jid".bare, require "util.jid".host, require "util.jid".split;
local st = require "util.stanza";
local muc = module:depends "muc";

-- The parts know each other by this name: each is loaded once and has state and hooks of its own.
local parts = {};
function part(name) -- luacheck: ignore 111
	parts[name] = parts[name] or module:require(name);
	return parts[name];
end

local facts, presence, ghost, hold = part "facts", part "presence", part "ghost", part "hold";
local json = require "util.json";

local xmlns = facts.xmlns;
local component = assert(module:get_option_string("keyroom_component"), "keyroom_component is not set");

-- Presence of a client must not say what only this module may.
module:shared("muc/filtered-namespaces")[xmlns] = true;

local get_room = muc.get_room_from_jid;
hold.get_room = get_room;

local invited = {}; -- room JID -> meeting id that the component was told
local left = {};    -- set of room JIDs that it went from by itself

local function invite(room)
	if not hold.connected or facts.is_healthcheck(room.jid) then return; end
	invited[room.jid], left[room.jid] = room._data.meetingId or "", nil;
	module:send(st.message({ from = room.jid; to = component })
		:tag("x", { xmlns = "http://jabber.org/protocol/muc#user" })
			:tag("invite", { from = module.host }):up():up()
		:add_child(facts.room(room)));
end

-- What keyroomctl doctor judges of this server.
local function introduce()
	local config = require "core.configmanager";
	local limits = module:get_option("limits");
	local c2s = type(limits) == "table" and type(limits.c2s) == "table" and limits.c2s.rate;
	local limited = module:get_option_inherited_set("modules_enabled", {}):contains("limits");
	local rate_limit = false;
	for _, host in pairs(prosody.hosts) do
		rate_limit = rate_limit or host.modules ~= nil and host.modules.rate_limit ~= nil;
	end
	module:send(st.message({ from = module.host; to = component })
		:tag("module", {
			xmlns = xmlns;
			time = tostring(os.time());
			version = prosody.version;
			["read-size"] = tostring(tonumber(config.get("*", "network_default_read_size")) or 4096);
			["c2s-rate"] = limited and tostring(c2s or "10kb/s") or nil;
			["rate-limit"] = rate_limit and "true" or nil;
			conflict = tostring(config.get(component, "component_conflict_resolve") or "kick_new");
			["open-when-away"] = module:get_option_boolean("keyroom_open_when_away", false) and "true" or "false";
		}));
end

-- Behind Jitsi's own handlers: the meeting has its id by then.
module:hook("muc-room-created", function (event) invite(event.room); end, -100);
module:hook("muc-room-restored", function (event) invite(event.room); end, -100);
-- A room that lasts though nobody is in it (a main room whose people are all in breakout rooms): the component has left it.
module:hook("muc-occupant-joined", function (event)
	if left[event.room.jid] then invite(event.room); end
end, -100);
-- Jicofo may give a meeting another id than it was made with.
module:hook("muc-config-submitted/muc#roominfo_meetingId", function (event)
	local told = invited[event.room.jid];
	if told and told ~= (event.room._data.meetingId or "") then invite(event.room); end
end, -100);
module:hook("muc-room-destroyed", function (event)
	invited[event.room.jid], left[event.room.jid] = nil, nil;
end);

local function connected()
	hold.connected = true;
	module:log("info", "Keyroom (%s) is connected", component);
	introduce();
	local report = hold.report();
	if report then
		module:send(st.message({ from = module.host; to = component }):add_child(report));
	end
	for room in muc.each_room(true) do invite(room); end
end

local function disconnected()
	module:log("info", "Keyroom (%s) is not connected any more", component);
	invited, left = {}, {};
	ghost.forget_all();
	hold.gone();
end

local function is_component(event)
	return event.origin and event.origin.type == "component" and jid_host(event.stanza.attr.from) == component;
end

-- Above everything that guards joins: none of it is meant for the component.
module:hook("presence/full", function (event)
	if not is_component(event) then return; end
	local room_jid = jid_bare(event.stanza.attr.to);
	if event.stanza.attr.type == "unavailable" and get_room(room_jid) then left[room_jid] = true; end
	ghost.take(event.stanza, get_room, hold.ghost_came);
	return true;
end, 2100);

local function named_room(el)
	local room_jid = el.attr.jid;
	return room_jid and select(2, jid_split(room_jid)) == module.host and get_room(room_jid) or nil;
end

local orders = {};

function orders.verdict(el)
	hold.verdict(el);
end

-- jid, authorise, open: the policy of a room; <deny nick=""/>: occupants that get no keys whatever it says.
function orders.policy(el)
	local room = named_room(el);
	if not room then return; end
	presence.policies[room.jid] = { authorise = el.attr.authorise; open = el.attr.open == "true" };
	local denied = {};
	for child in el:childtags("deny") do
		if child.attr.nick then denied[room.jid .. "/" .. child.attr.nick] = true; end
	end
	presence.denied[room.jid] = denied;
	presence.refresh(room);
end

-- jid, nick, text: its device was revoked.
function orders.kick(el)
	local room = named_room(el);
	if not room or not el.attr.nick then return; end
	local ok, _, err = room:set_role(true, room.jid .. "/" .. el.attr.nick, nil, el:get_text());
	if not ok then module:log("warn", "%s was not kicked from %s: %s", el.attr.nick, room.jid, err); end
end

-- jid, nick, text: JSON for the page, which gets it as nonParticipantMessageReceived.
function orders.event(el)
	local room = named_room(el);
	local occupant = room and room:get_occupant_by_nick(room.jid .. "/" .. (el.attr.nick or ""));
	local g = room and ghost.inside[room.jid];
	local ok, value = pcall(json.decode, el:get_text() or "");
	if not occupant or not g or not ok or type(value) ~= "table" then return; end
	value.room = facts.virtual_jid(room.jid);
	room:route_to_occupant(occupant, st.message({ type = "chat"; from = room.jid .. "/" .. g.nick })
		:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" }):text(json.encode(value)):up());
end

module:hook("message/host", function (event)
	if not is_component(event) then return; end
	for _, el in ipairs(event.stanza.tags) do
		local order = el.attr.xmlns == xmlns and orders[el.name];
		if order then order(el, event.stanza.attr.from); end
	end
	return true;
end, 100);

-- --- the component's host ---

local function attach(host)
	if host ~= component or not prosody.hosts[host] then return; end
	local context = module:context(host);
	context:hook("component-authenticated", connected);
	context:hook("component-disconnected", disconnected);
	local there = prosody.hosts[host].modules and prosody.hosts[host].modules.component;
	hold.connected = there and there.connected and true or false;
	-- Loaded while it is connected: it learns of us and of what there is now.
	if hold.connected and not module.reloading then connected(); end
end

if prosody.hosts[component] then
	attach(component);
else
	module:hook_global("host-activated", attach);
end

-- --- reload ---

function module.save()
	return {
		inside = ghost.inside; invited = invited; left = left; queues = hold.queues; asked = hold.asked; waiting = hold.waiting; count = hold.count;
		policies = presence.policies; denied = presence.denied; kept = presence.kept;
	};
end

function module.restore(saved)
	if not saved.queues then return; end
	ghost.inside, invited, left = saved.inside, saved.invited or {}, saved.left or {};
	hold.queues, hold.asked, hold.waiting, hold.count = saved.queues, saved.asked, saved.waiting, saved.count;
	presence.policies, presence.denied, presence.kept = saved.policies, saved.denied, saved.kept;
	hold.restart_clocks();
end

-- Not for a reload, which goes on where this ends.
function module.unload()
	if not module.reloading then hold.gone(); end
end
