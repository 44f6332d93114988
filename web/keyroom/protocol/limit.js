/* Limits on what others can make us hold or do. The reasons stand in protocol/base/limit.h, whose names these are. */
export const STANZA_MAX = 262144;
export const SPLIT_LEN = 65536;
export const PARTS_MAX = 128;
export const XML_CHILDREN_MAX = 2048;

export const JID_MAX = 3071;
export const NICK_MAX = 1023;
export const LOG_NAME_MAX = 255;
export const LOG_ENTRY_MAX = 4096;
export const PROOF_HASHES = 64;
export const REASON_MAX = 200;
export const TEXT_MAX = 16384;

export const OTK_MAX = 50;
export const OTK_LOW = 10;
export const CLAIM_MAX = 512;
export const CIPHERTEXT_MAX = 512;
export const SESSIONS_MAX = 4;
export const RESET_MS = 60000;
export const SEALED_LEN = 47;
export const SUPPLEMENTS_MAX = 3;

export const PASSPHRASE_ITERATIONS = 600000;
export const PASSPHRASE_MAX = 1024;
export const HEAL_MS = 900000;

export const VERIFIERS_MAX = 16;
export const SAS_PERSON_MS = 180000;
export const SAS_MACHINE_MS = 20000;
export const SAS_TEXT_MAX = 255;
export const SAS_TRIES_MAX = 3;
export const SAS_ASKED_MAX = 10;
export const ATTEST_CLOCK_S = 300;
export const ATTESTATIONS_PART = 50;
export const OCCUPANTS_MAX = 4096;
export const EPOCH_MAX = 0x7fffffff;
export const EPOCHS_HELD_MAX = 4;
export const CHAIN_MAX = 64;
export const ERASE_MS = 5000;
export const SWITCH_SLACK_MS = 500;
export const UNSEALED_STOP_MS = 2000;
export const EXPOSED_MS = 10000;
export const DEADLINE_MAX_MS = 60000;

export const FRAME_MAX = 16777216;
export const FRAME_WINDOW = 1024;
