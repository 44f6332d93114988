/* Olm for the client, out of @matrix-org/olm. */
export {loadOlm, OlmAccount, OlmSession} from './olm.js';
