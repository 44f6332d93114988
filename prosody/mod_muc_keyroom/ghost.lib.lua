-- The component as an occupant that only it itself knows of. Its stanzas to rooms never reach mod_muc, so no room has it, counts
-- it, lists it, gives it an affiliation or tells anybody of it; what an occupant would receive is made here and sent to it.
local jid_bare, jid_resource = require "util.jid".bare, require "util.jid".resource;
local st = require "util.stanza";
local facts = part "facts";
local presence = part "presence";

local xmlns_muc, xmlns_user = "http://jabber.org/protocol/muc", "http://jabber.org/protocol/muc#user";
local prefix = "~"; -- of a ghost's nick; no client gets such a one

local ghost = { inside = {} }; -- room JID -> { jid, nick }

local function send(stanza, to)
	stanza.attr.to = to;
	module:send(stanza);
end

local function user_x()
	return st.stanza("x", { xmlns = xmlns_user });
end

-- Every real address of an occupant, whatever the room hides from others.
local function items(room, occupant, x, nick, actor, reason)
	local actor_nick = actor and jid_resource(room:get_occupant_jid(actor));
	room:build_item_list(occupant, x, false, nick, actor_nick, actor, reason);
	return x;
end

-- What the service is shown: the occupant's own words before presence.lib.lua took any away, and what its session vouches for.
-- What a room kept from before this module was loaded is not filtered: there a client may have vouched for itself.
local function shown(stanza, occupant, x)
	local copy = st.clone(presence.original(stanza));
	copy:maptags(function (child)
		if child.attr.xmlns == facts.xmlns then return nil; end
		return child;
	end);
	if copy.attr.type == nil then
		local vouched = occupant.jid and facts.session(occupant.jid);
		if vouched then copy:add_child(vouched); end
	end
	copy:add_child(x);
	return copy;
end

local function own_presence(room, g, kind, code)
	local x = user_x();
	x:tag("item", { affiliation = "none"; role = kind and "none" or "participant"; jid = g.jid }):up();
	x:tag("status", { code = "110" }):up();
	if code then x:tag("status", { code = code }):up(); end
	return st.presence({ from = room.jid .. "/" .. g.nick; type = kind }):add_child(x);
end

local function send_occupants(room, to)
	for _, occupant in room:each_occupant() do
		local stanza = occupant:get_presence();
		if stanza then
			stanza = st.clone(stanza);
			module:fire_event("muc-build-occupant-presence", { room = room; occupant = occupant; stanza = stanza });
			send(shown(stanza, occupant, items(room, occupant, user_x())), to);
		end
	end
end

local function send_subject(room, to)
	local subject = st.message({ type = "groupchat"; from = room._data.subject_from or room.jid });
	subject:tag("subject"):text(room._data.subject or ""):up();
	send(subject, to);
end

local function join(room, stanza)
	local nick = jid_resource(stanza.attr.to);
	local g = { jid = stanza.attr.from; nick = nick:sub(1, 1) == prefix and nick or prefix .. nick };
	ghost.inside[room.jid] = g;
	send_occupants(room, g.jid);
	send(own_presence(room, g, nil, g.nick ~= nick and "210" or nil), g.jid);
	send_subject(room, g.jid);
	return g;
end

-- A presence of the component to room/nick. joined(room) is called behind a join.
function ghost.take(stanza, get_room, joined)
	local room_jid = jid_bare(stanza.attr.to);
	local room, g = get_room(room_jid), ghost.inside[room_jid];
	local kind = stanza.attr.type;
	if kind == "unavailable" then
		ghost.inside[room_jid] = nil;
		if room and g then send(own_presence(room, g, "unavailable"), g.jid); end
	elseif kind ~= nil then
		return;
	elseif not room or room._data.destroyed then
		if stanza:get_child("x", xmlns_muc) then
			module:send(st.error_reply(stanza, "cancel", "item-not-found", "There is no such room now", room_jid));
		end
	elseif stanza:get_child("x", xmlns_muc) then
		join(room, stanza);
		joined(room);
	end
end

-- The link is gone, and with it whatever the component knew of rooms.
function ghost.forget_all()
	ghost.inside = {};
end

-- Last of all handlers: what is in the event now is what everybody gets.
module:hook("muc-broadcast-presence", function (event)
	local room, occupant = event.room, event.occupant;
	local g = ghost.inside[room.jid];
	if not g then return; end
	local x = items(room, occupant, st.clone(event.x), event.nick, event.actor, event.reason);
	send(shown(event.stanza, occupant, x), g.jid);
end, -1000);

module:hook("muc-broadcast-message", function (event)
	local g = ghost.inside[event.room.jid];
	if g then send(st.clone(event.stanza), g.jid); end
end, -1000);

module:hook("muc-room-destroyed", function (event)
	local room = event.room;
	local g = ghost.inside[room.jid];
	if not g then return; end
	ghost.inside[room.jid] = nil;
	local last = own_presence(room, g, "unavailable");
	last:get_child("x", xmlns_user):tag("destroy", { jid = event.newjid }):up();
	send(last, g.jid);
end, 10);

-- Jitsi replays joins, so this may run twice for one.
local function keep_nick_free(event)
	local occupant = event.dest_occupant or event.occupant;
	if not occupant or jid_resource(occupant.nick):sub(1, 1) ~= prefix then return; end
	event.origin.send(st.error_reply(event.stanza, "cancel", "conflict", nil, event.room.jid));
	return true;
end
module:hook("muc-occupant-pre-join", keep_nick_free, 200);
module:hook("muc-occupant-pre-change", keep_nick_free, 200);

return ghost;
