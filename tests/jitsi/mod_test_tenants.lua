-- Stands in for Jitsi's mapping of tenants' rooms: clients say room@conference.TENANT.DOMAIN, the MUC has [TENANT]room@conference.DOMAIN.
-- As there, stanzas are rewritten on their way into every host, components included, and on their way out to sessions.
local jid = require "util.jid";
local filters = require "util.filters";
local base = module.host;
local conference = "conference." .. base;

local function to_real(address)
	local node, host, resource = jid.split(address);
	local tenant = host and host:match("^conference%.([^.]+)%." .. base:gsub("%p", "%%%0") .. "$");
	return tenant and jid.join(node and "[" .. tenant .. "]" .. node, conference, resource) or address;
end

local function to_virtual(address)
	local node, host, resource = jid.split(address);
	local tenant, name = (node or ""):match("^%[([^%]]+)%](.+)$");
	return tenant and host == conference and jid.join(name, "conference." .. tenant .. "." .. base, resource) or address;
end

local function rewrite_to(stanza)
	if stanza.attr.to then stanza.attr.to = to_real(stanza.attr.to); end
end
local function rewrite_from(stanza)
	if stanza.attr.from then stanza.attr.from = to_virtual(stanza.attr.from); end
end

local function add_host(host)
	local context = module:context(host);
	for _, kind in ipairs { "message", "presence", "iq" } do
		for _, to in ipairs { "host", "bare", "full" } do
			context:hook(kind .. "/" .. to, function (event) rewrite_from(event.stanza); end);
			context:hook("pre-" .. kind .. "/" .. to, function (event) rewrite_to(event.stanza); end);
		end
	end
end
module:hook_global("host-activated", add_host);
for host in pairs(prosody.hosts) do add_host(host); end

filters.add_filter_hook(function (session)
	filters.add_filter(session, "stanzas/out", function (stanza)
		if stanza.attr and not stanza.attr.xmlns then
			rewrite_to(stanza);
			rewrite_from(stanza);
		end
		return stanza;
	end);
end);
