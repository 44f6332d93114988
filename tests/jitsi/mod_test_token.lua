-- Stands in for Jitsi's token authentication: an account NAME has the user context that a JWT would have given it.
module:hook("resource-bind", function (event)
	local session = event.session;
	session.jitsi_meet_domain = "acme";
	session.jitsi_meet_context_user = { id = "id-of-" .. session.username; name = "Name of " .. session.username };
	session.jitsi_meet_context_group = "staff";
	session.jitsi_meet_context_features = { recording = true; livestreaming = "true"; transcription = false };
end);
-- Claims "sub" that cannot be told.
local odd = { long = ("x"):rep(1025); control = "ac\1me"; table = { "acme" } };
-- An administrator's word from outside: "NAME KIND" is such a claim; with NAME alone a connection that is resumed with another token has another user from then on.
module:hook("message/host", function (event)
	local name = event.stanza:get_child_text("body");
	local of, kind = (name or ""):match("^(%S+) (%S+)$");
	for _, session in pairs(prosody.full_sessions) do
		if session.username == of then session.jitsi_meet_domain = odd[kind] or kind; end
		if session.username == name then session.jitsi_meet_context_user = { id = "somebody-else" }; end
	end
	event.origin.send(require "util.stanza".reply(event.stanza));
	return true;
end, 200);
