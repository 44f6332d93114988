-- Edits occupants' presence on its way to others: the E2EE feature of those that may get no keys goes, so that nobody waits for
-- them, and so does their word that E2EE is on; and E2EE that is on stays on where only moderators may switch it off. The service
-- is shown the original.
local st = require "util.stanza";

local feature = "https://jitsi.org/meet/e2ee";
local switch = "jitsi_participant_e2ee.enabled";
local keep_on = module:get_option_boolean("keyroom_keep_e2ee", false);
local ranks = { outcast = 0; none = 1; member = 2; admin = 3; owner = 4 };

local presence = {
	policies = {}; -- room JID -> { authorise = name, open = boolean }: what the component said
	denied = {};   -- room JID -> set of occupant JIDs that it named
	kept = 0;      -- times E2EE was not switched off
};
local originals = setmetatable({}, { __mode = "k" });
local shown = {}; -- room JID -> occupant JID -> { stripped, on }: what others saw last

function presence.original(stanza)
	return originals[stanza] or stanza;
end

-- May this occupant get keys by the room's policy? Before the component has named one, nobody is marked.
function presence.may_get_keys(room, occupant)
	local policy = presence.policies[room.jid];
	if not policy then return true; end
	if (presence.denied[room.jid] or {})[occupant.nick] then return false; end
	local rank = ranks[room:get_affiliation(occupant.bare_jid) or "none"] or 1;
	if policy.authorise == "occupants" then return rank >= ranks.none; end
	if policy.authorise == "members" then return rank >= ranks.member; end
	return false; -- what else there is, stock clients cannot meet
end

local function entry(room, occupant)
	local of_room = shown[room.jid];
	if not of_room then of_room = {}; shown[room.jid] = of_room; end
	local e = of_room[occupant.nick];
	if not e then e = {}; of_room[occupant.nick] = e; end
	return e;
end

local function drop(stanza, name)
	stanza:maptags(function (child)
		if child.name == name then return nil; end
		return child;
	end);
end

local function strip(stanza)
	stanza:maptags(function (child)
		if child.name ~= "features" then return child; end
		return child:maptags(function (f)
			if f.name == "feature" and f.attr.var == feature then return nil; end
			return f;
		end);
	end);
end

local function has_feature(stanza)
	for features in stanza:childtags("features", nil) do
		for child in features:childtags("feature", nil) do
			if child.attr.var == feature then return true; end
		end
	end
	return false;
end

local function find(stanza, name)
	for _, child in ipairs(stanza.tags) do
		if child.name == name then return child; end
	end
end

-- A moderator's word holds for all, and they follow it until somebody switches on again.
local function remember(room, occupant, e, on)
	local of_room = shown[room.jid];
	if e.on and not on and occupant.role == "moderator" then of_room.off = true; end
	if on and not e.on then of_room.off = nil; end
	e.on, e.kept = on, nil;
end

local function keep(room, occupant, e, stanza)
	if not e.kept then
		e.kept = true;
		presence.kept = presence.kept + 1;
		module:log("info", "%s may not switch E2EE off in %s: others are not told", occupant.nick, room.jid);
	end
	drop(stanza, switch);
	stanza:tag(switch):text("true"):up();
end

module:hook("muc-build-occupant-presence", function (event)
	local room, occupant, stanza = event.room, event.occupant, event.stanza;
	if stanza.attr.type ~= nil then return; end
	local e = entry(room, occupant);
	local child = find(stanza, switch);
	local on = child ~= nil and child:get_text() == "true";
	local outside = not presence.may_get_keys(room, occupant);
	-- Stock clients follow whoever switches on or off: who gets no keys leads nobody.
	local kept = e.on and not on
		and (outside or keep_on and occupant.role ~= "moderator" and not shown[room.jid].off);
	local muted = outside and child ~= nil and not e.on;
	e.stripped = outside and has_feature(stanza);
	if e.stripped or kept or muted then originals[stanza] = st.clone(stanza); end
	if e.stripped then strip(stanza); end
	if muted then
		drop(stanza, switch);
	elseif kept then
		keep(room, occupant, e, stanza);
	else
		remember(room, occupant, e, on);
	end
end, -1000);

-- Says anew what would look otherwise under the policy of now.
function presence.refresh(room)
	for _, occupant in room:each_occupant() do
		local stanza = occupant:get_presence();
		if stanza and has_feature(stanza) then
			local stripped = not presence.may_get_keys(room, occupant);
			if (entry(room, occupant).stripped or false) ~= stripped then
				room:publicise_occupant_status(occupant, st.stanza("x", { xmlns = "http://jabber.org/protocol/muc#user" }));
			end
		end
	end
end

module:hook("muc-occupant-left", function (event)
	for _, of in ipairs { shown, presence.denied } do
		if of[event.room.jid] then of[event.room.jid][event.occupant.nick] = nil; end
	end
end);

module:hook("muc-room-destroyed", function (event)
	local jid = event.room.jid;
	shown[jid], presence.policies[jid], presence.denied[jid] = nil, nil, nil;
end);

return presence;
