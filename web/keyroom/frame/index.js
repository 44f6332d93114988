/* The frame formats, and the keys of a meeting by epoch and sender. */
export {FrameKeys} from './keys.js';
export {passphraseKey} from './passphrase.js';
export * as jframe from './jframe.js';
export * as sframe from './sframe.js';
