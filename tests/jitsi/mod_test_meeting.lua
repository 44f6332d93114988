-- Stands in for what Jitsi's MUC modules do to a room: a meeting id when it is made, and breakout rooms kept with the main one.
local jid_split = require "util.jid".split;
module:depends "muc";
local counter = 0;
module:hook("muc-room-created", function (event)
	counter = counter + 1;
	event.room._data.meetingId = "meeting-" .. counter;
	local main_host = module:get_option_string("test_main_muc");
	local main = main_host and prosody.hosts[main_host].modules.muc;
	local node = jid_split(event.room.jid);
	local parent = main and main.get_room_from_jid(node:match("^(.-)%-breakout") .. "@" .. main_host);
	if parent then
		parent._data.breakout_rooms = parent._data.breakout_rooms or {};
		parent._data.breakout_rooms[event.room.jid] = "Breakout";
	end
end);

-- Jicofo may set another id.
module:hook("muc-config-form", function (event)
	table.insert(event.form, { name = "muc#roominfo_meetingId"; type = "text-single"; value = event.room._data.meetingId or ""; });
end, 87);
module:hook("muc-config-submitted/muc#roominfo_meetingId", function (event)
	event.room._data.meetingId = event.value;
end, 99);

-- What a visitors' node would have brought, for both ways; answers with what became of it.
module:hook("message/host", function (event)
	local brought = event.stanza:get_child("visitor", "test");
	if not brought then return; end
	local st = require "util.stanza";
	local said = {};
	for _, way in ipairs { "groupchat", "private-message" } do
		local stanza = st.clone(brought.tags[1]);
		local dropped = module:fire_event("jitsi-visitor-" .. way .. "-pre-route", { stanza = stanza; origin = event.origin });
		said[#said + 1] = tostring(dropped);
	end
	event.origin.send(st.reply(event.stanza):tag("body"):text(table.concat(said, " ")):up());
	return true;
end, 200);

-- An administrator's word from outside: the module that is tested is loaded, or loaded anew.
module:hook("message/host", function (event)
	local word = event.stanza:get_child_text("body");
	if word ~= "load" and word ~= "reload" then return; end
	assert(require "core.modulemanager"[word](module.host, "muc_keyroom"));
	event.origin.send(require "util.stanza".reply(event.stanza));
	return true;
end, 200);
