/* What a client, a tool or a test needs of docs/protocol.md sections 2 to 6. */
export {KeyroomError} from './err.js';
export {fromBase64, fromHex, toBase64, toHex} from './bytes.js';
export {verify} from './ed25519.js';
export {attachText, deviceId, keyText, recipientsDigest, sealedText, verifyText} from './signed.js';
export {policyAllows, policyHash, policyText, readPolicy} from './policy.js';
export {Roster, rosterLine} from './roster.js';
export {contextOf} from './context.js';
export {roundAny, roundCount, roundHas, sealingOf} from './rounds.js';
export {
  baseKey, confirmOf, openSealed, passphraseSalt, passphraseSecret, ratchetSecret, sealedPlain,
} from './schedule.js';
export {pack, unpack} from './pack.js';
