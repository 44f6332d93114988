-- Is this stanza one that stock clients read as Olm? They take the first json-message child, older ones whatever its namespace and
-- all of them as one, run JavaScript's unescape() over its text, and parse what comes out as JSON: whatever could be Olm after that
-- is treated as Olm.
local json = require "util.json";

local xmlns_jitsi = "http://jitsi.org/jitmeet";

local olm = { xmlns_jitsi = xmlns_jitsi };

-- A code point as UTF-8; half a surrogate pair can be no part of the word that is looked for.
local function char(hex)
	local code = tonumber(hex, 16);
	if code < 128 then return string.char(code); end
	if code >= 0xD800 and code <= 0xDFFF then return "?"; end
	if code < 2048 then return string.char(192 + math.floor(code / 64), 128 + code % 64); end
	return string.char(224 + math.floor(code / 4096), 128 + math.floor(code / 64) % 64, 128 + code % 64);
end

-- JavaScript's unescape(): %uXXXX and %XX, from left to right, each once.
function olm.unescape(text)
	if not text:find("%", 1, true) then return text; end
	local out, at = {}, 1;
	while true do
		local percent = text:find("%", at, true);
		if not percent then break; end
		out[#out + 1] = text:sub(at, percent - 1);
		local hex = text:match("^u(%x%x%x%x)", percent + 1);
		local len = hex and 6 or 3;
		hex = hex or text:match("^%x%x", percent + 1);
		out[#out + 1] = hex and char(hex) or "%";
		at = percent + (hex and len or 1);
	end
	out[#out + 1] = text:sub(at);
	return table.concat(out);
end

-- What our JSON parser says is believed only where it cannot differ from the client's.
local function is_other(text)
	if text:find("__array", 1, true) or text:find("__hash", 1, true) then return false; end
	local ok, value = pcall(json.decode, text);
	return ok and type(value) == "table" and type(value.type) == "string" and value.type ~= "olm";
end

-- nil: not Olm, whatever reads it. Otherwise the JSON as the client will parse it; false if what there is has no one meaning.
function olm.read(stanza)
	local first, doubtful;
	for _, child in ipairs(stanza.tags) do
		if child.name == "json-message" then
			doubtful = doubtful or first ~= nil or #child.tags > 0;
			first = first or child;
		end
	end
	if not first then return nil; end
	local text = olm.unescape(first:get_text() or "");
	if doubtful then return false; end
	local plain = text:gsub("\\u(%x%x%x%x)", char);
	if not plain:find("olm", 1, true) or is_other(text) then return nil; end
	if first.attr.xmlns ~= xmlns_jitsi then return false; end -- Olm to some clients only
	return text;
end

return olm;
