/* A participant of one keyroom room, pure. */
export {Client} from './client.js';
export {toXml} from '../message/el.js';
