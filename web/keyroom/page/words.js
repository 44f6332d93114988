/* What goes wrong, in words that a participant understands. */
const texts = {
  'no-crypto': 'This page did not come over a secure connection, so this browser offers it no encryption.',
  'no-transform': 'This browser cannot encrypt media in a page. Nothing is sent.',
  'no-worker': 'The part of this page that encrypts has failed. Nothing is sent or heard. Reload the page.',
  'not-encrypted': 'Something went out without passing the encryption, and was cut off at once. Reload the page.',
  'no-store': 'This browser keeps no data for this page: next time the others will see a new device.',
  'store-full': 'There is no room left to keep this device: next time the others will see a new one.',
  'identity-lost': 'The device that was kept here could not be read. The others see a new one now.',
  'asleep': 'This page was asleep. Nothing was sent meanwhile.',
  'down': 'The connection is lost. Trying again.',
  'refused-login': 'The server does not let this page in.',
  'service-gone': 'The key service is not there. The call goes on with the keys it has, and nobody new can hear you.',
  'mismatch': 'Others in this room were told something else than this page. Nothing is sent. Leave and come back; if it happens again, tell the operator.',
  'exposed': 'Somebody who has left may still be able to hear you.',
  'unsealed': 'Your key did not reach the others in time. Nothing is sent until it does.',
  'stopped': 'Nothing is sent until there are new keys.',
  'line': 'A participant could not prove its device and cannot hear you.',
  'below-floor': 'The rules of this room are weaker than this page accepts, so it takes no part.',
  'revoked': 'This device was revoked. It can neither hear nor be heard.',
  'detached': 'The service has taken this device out of the meeting.',
  'changed': 'Somebody is here with another device than the one you verified. Ask, and verify again.',
  'codes-differ': 'The codes differ: somebody in between may be reading. Do not say anything here that must stay between you.',
  'no-part': 'The part of this page that verifies devices could not be loaded.',
  'log': 'The log of the key service does not hold: it may tell different people different things. Nothing is sent. Tell the operator.',
  'log-silent': 'The key service has not proved within a minute that its log has this meeting.',
  'log-begun-anew': 'The key service has begun a new log. Ask its operator why.',
  'waiting': 'Somebody has to let this device in first.',
  'not-in': 'The room does not let you in.',
  'not-admitted': 'The service does not admit this device.',
};

export function wordsFor(code) {
  return texts[code] ?? texts.stopped;
}

/* What a page cannot do without, and this browser lacks: codes. */
export function lacking(scope = globalThis) {
  const codes = [];
  if (scope.crypto?.subtle === undefined)
    codes.push('no-crypto');
  if (typeof scope.RTCRtpScriptTransform !== 'function' &&
      typeof scope.RTCRtpSender?.prototype?.createEncodedStreams !== 'function')
    codes.push('no-transform');
  return codes;
}
