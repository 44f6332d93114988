/* A participant in a page. */
export {Meeting} from './meeting.js';
export {HandedIn, StropheTransport} from './transport.js';
export {peerConfig} from './media.js';
export {codeOfRoster} from './room_code.js';
export {lacking, wordsFor} from './words.js';
