-- Holds private messages that are Olm until the component has decided. It is shown a copy and gives back a verdict, never the
-- message: what it does not have it cannot rewrite. Messages of one pair leave in the order in which they came.
local base64 = require "util.encodings".base64.encode;
local jid_resource = require "util.jid".resource;
local new_id = require "util.id".short;
local st = require "util.stanza";
local ghost = part "ghost";
local olm = part "olm";
local presence = part "presence";
local facts = part "facts";

local patience = module:get_option_number("keyroom_patience", 2);     -- seconds; the client's own is 5 for both ways
local largest = module:get_option_number("keyroom_olm_size", 16384);  -- bytes of JSON; stock messages stay below 1,000
local open_when_away = module:get_option_boolean("keyroom_open_when_away", false);

local hold = {
	connected = false;
	queues = {};  -- from "\n" to -> list of entries, oldest first
	asked = {};   -- token -> entry
	waiting = {}; -- room JID -> list of entries that the ghost is not there for yet
	count = { passed = 0; refused = 0; late = 0; groupchat = 0 }; -- decided without the component since the last report
};
local said_away = false;

-- --- letting go ---

local function bounce(entry)
	local v = entry.verdict;
	local stanza = st.clone(entry.stanza);
	stanza.attr.from, stanza.attr.to = entry.sender, entry.stanza.attr.to;
	if stanza.attr.type == "error" then return; end
	module:send(st.error_reply(stanza, v.type or "auth", v.condition or "forbidden", v.text, entry.room_jid));
end

local function deliver(entry, get_room)
	local room = get_room(entry.room_jid);
	local target = room and room:get_occupant_by_nick(entry.stanza.attr.to);
	-- The nick may be somebody else's by now, or another page's of the same user.
	if not target or entry.gone or target.bare_jid ~= entry.target then
		entry.verdict = { type = "cancel"; condition = "item-not-found"; text = "Recipient not in room" };
		bounce(entry);
	else
		room:route_to_occupant(target, entry.stanza);
	end
end

local function flush(key, get_room)
	local queue = hold.queues[key];
	while queue and queue[1] and queue[1].verdict do
		local entry = table.remove(queue, 1);
		if entry.verdict.allow then deliver(entry, get_room); else bounce(entry); end
	end
	if queue and not queue[1] then hold.queues[key] = nil; end
end

local function decide(entry, verdict)
	if entry.verdict then return; end
	entry.verdict = verdict;
	if entry.token then hold.asked[entry.token] = nil; end
	flush(entry.key, hold.get_room);
end

-- --- without the component ---

local function without(entry, why)
	local policy = presence.policies[entry.room_jid];
	local open = open_when_away and policy ~= nil and policy.open and entry.json;
	if not said_away then
		said_away = true;
		module:log("warn", "Keyroom %s: key messages are %s until it answers again", why,
			open_when_away and "let through where the policy is occupants, refused elsewhere" or "refused");
	end
	hold.count[open and "passed" or "refused"] = hold.count[open and "passed" or "refused"] + 1;
	decide(entry, open and { allow = true } or
		{ type = "wait"; condition = "remote-server-timeout"; text = "Keyroom is away: no keys are exchanged until it is back" });
end

local function ask(entry, g)
	entry.token = new_id();
	hold.asked[entry.token] = entry;
	module:send(st.message({ from = entry.room_jid; to = g.jid })
		:tag("held", {
			xmlns = facts.xmlns;
			token = entry.token;
			from = jid_resource(entry.stanza.attr.from);
			to = jid_resource(entry.stanza.attr.to);
		}):text(base64(entry.json)));
end

local function time_out(entry)
	if entry.verdict then return; end
	hold.count.late = hold.count.late + 1;
	without(entry, "did not answer in time");
end

local function start_clock(entry, seconds)
	module:add_timer(seconds, function () time_out(entry); end);
end

-- --- the messages ---

local function enter(event)
	local room, stanza = event.room, st.clone(event.stanza);
	local target = room:get_occupant_by_nick(stanza.attr.to);
	local sender = room:get_occupant_by_nick(stanza.attr.from);
	local key = stanza.attr.from .. "\n" .. stanza.attr.to;
	local entry = {
		room_jid = room.jid; stanza = stanza; key = key; target = target and target.bare_jid;
		sender = event.origin.full_jid or (sender and sender.jid);
	};
	local queue = hold.queues[key] or {};
	hold.queues[key] = queue;
	queue[#queue + 1] = entry;
	return entry;
end

local function refuse(entry, kind, condition, text)
	decide(entry, { type = kind; condition = condition; text = text });
end

module:hook("muc-private-message", function (event)
	local text = olm.read(event.stanza);
	if text == nil then
		-- What is no Olm waits only behind Olm of its own pair.
		if hold.queues[event.stanza.attr.from .. "\n" .. event.stanza.attr.to] then
			decide(enter(event), { allow = true });
			return false;
		end
		return;
	end
	local entry = enter(event);
	if text == false then
		refuse(entry, "modify", "bad-request", "Keyroom: this message has more than one meaning");
	elseif #text > largest then
		refuse(entry, "modify", "policy-violation", "Keyroom: too large for a message of key exchange");
	else
		entry.json = text;
		local g = ghost.inside[event.room.jid];
		if not hold.connected then
			without(entry, "is not connected");
		elseif g then
			ask(entry, g);
			start_clock(entry, patience);
		else
			local list = hold.waiting[event.room.jid] or {};
			hold.waiting[event.room.jid] = list;
			list[#list + 1] = entry;
			start_clock(entry, patience);
		end
	end
	return false;
end, -1000);

module:hook("muc-occupant-left", function (event)
	for _, queue in pairs(hold.queues) do
		for _, entry in ipairs(queue) do
			if entry.stanza.attr.to == event.occupant.nick then entry.gone = true; end
		end
	end
end);

-- Stock clients read it whatever the stanza's type, and a room is no place for it.
module:hook("muc-occupant-groupchat", function (event)
	local text = olm.read(event.stanza);
	if text == nil then return; end
	hold.count.groupchat = hold.count.groupchat + 1;
	module:log("info", "%s sent a key message to all of %s: refused", event.stanza.attr.from, event.room.jid);
	event.origin.send(st.error_reply(event.stanza, "modify", "not-acceptable", "Keyroom: keys are not sent to a whole room",
		event.room.jid));
	return true;
end, 100);

-- Jitsi's visitors module brings what visitors' nodes send to occupants itself, past the room; it asks here first. Visitors get no
-- keys, so nothing of theirs is for the component to decide.
for _, name in ipairs { "jitsi-visitor-groupchat-pre-route", "jitsi-visitor-private-message-pre-route" } do
	module:hook(name, function (event)
		if olm.read(event.stanza) == nil then return; end
		hold.count.refused = hold.count.refused + 1;
		module:log("info", "a visitor (%s) sent a key message to %s: dropped", event.stanza.attr.from, event.stanza.attr.to);
		return true;
	end, 100);
end

-- --- what the rest of the module tells ---

-- A verdict of the component. One that comes late, twice or for nothing changes nothing.
function hold.verdict(el)
	local entry = hold.asked[el.attr.token or ""];
	if not entry then
		module:log("debug", "a verdict for nothing that is held");
		return;
	end
	if el.attr.allow == "true" then
		decide(entry, { allow = true });
	elseif el.attr.allow == "false" then
		decide(entry, { type = el.attr.type; condition = el.attr.condition; text = el:get_text() });
	end
end

function hold.ghost_came(room)
	local list, g = hold.waiting[room.jid], ghost.inside[room.jid];
	hold.waiting[room.jid] = nil;
	for _, entry in ipairs(list or {}) do
		if not entry.verdict then ask(entry, g); end
	end
end

-- The link is down: whatever is held is decided now.
function hold.gone()
	hold.connected, said_away = false, false;
	local all = {};
	for _, queue in pairs(hold.queues) do
		for _, entry in ipairs(queue) do
			if not entry.verdict then all[#all + 1] = entry; end
		end
	end
	hold.waiting = {};
	for _, entry in ipairs(all) do without(entry, "is not connected"); end
end

-- What was decided without it, for its log; nil if nothing was.
function hold.report()
	local c = hold.count;
	if said_away then
		module:log("info", "Keyroom is back; meanwhile %d key messages were let through and %d refused", c.passed, c.refused);
	end
	said_away = false;
	local kept = presence.kept;
	if c.passed + c.refused + c.late + c.groupchat + kept == 0 then return nil; end
	hold.count = { passed = 0; refused = 0; late = 0; groupchat = 0 };
	presence.kept = 0;
	return st.stanza("away", {
		xmlns = facts.xmlns; passed = tostring(c.passed); refused = tostring(c.refused); late = tostring(c.late);
		groupchat = tostring(c.groupchat); ["kept-on"] = tostring(kept);
	});
end

-- Timers die with a reload, held messages do not.
function hold.restart_clocks()
	for _, queue in pairs(hold.queues) do
		for _, entry in ipairs(queue) do
			if not entry.verdict then start_clock(entry, patience); end
		end
	end
end

return hold;
