export {checkConsistency, checkInclusion, leafHash, nodeHash} from './proof.js';
export {Tree} from './tree.js';
export {checkBundle, openCheckpoint, readBundle, readVkey} from './note.js';
export {entryValue} from './entry.js';
