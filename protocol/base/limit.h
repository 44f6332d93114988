/* Every limit on what others can make us hold or do, with its reason. Nothing else in the tree states one. */
#ifndef KR_BASE_LIMIT_H
#define KR_BASE_LIMIT_H

enum {
    /* --- one stanza ------------------------------------------------------------------------------------ */
    KR_STANZA_MAX = 262144, /* Prosody's c2s default: a larger one never comes from a client */
    KR_STANZA_ARENA_MAX =
        2097152,                /* element view of a stanza at its largest: pointers cost more than bytes */
    KR_XML_DEPTH_MAX = 16,      /* ours nest 4 deep; presence extensions of Jitsi up to 6 */
    KR_XML_CHILDREN_MAX = 2048, /* elements of one stanza; a page of an announce (64 KiB) has at most 1000 */
    KR_XML_ATTRS_MAX = 32,      /* per element; ours have at most 16 */
    KR_SPLIT_LEN = 65536,       /* we split what we send here: head-of-line blocking, not a hard limit */
    KR_PARTS_MAX = 128,         /* parts of one split message: 4096 roster lines of about 800 bytes */

    /* --- names ----------------------------------------------------------------------------------------- */
    KR_JID_MAX = 3071,  /* RFC 7622: 1023 + 1 + 1023 + 1 + 1023 */
    KR_NICK_MAX = 1023, /* RFC 7622 resourcepart */
    KR_IQ_ID_MAX = 256, /* ours have 20; Prosody's and Strophe's stay below 80 */

    /* --- keys and ciphertext --------------------------------------------------------------------------- */
    KR_OTK_MAX = 50,         /* one-time keys of one attach in the store; libolm drops the oldest above 100 */
    KR_OTK_LOW = 10,         /* below it the owner is asked for more */
    KR_CLAIM_MAX = 512,      /* targets of one claim request; larger rooms claim in several */
    KR_CIPHERTEXT_MAX = 512, /* bytes of one Olm message: a pre-key message of 47 bytes has about 200 */
    KR_SESSIONS_MAX = 4,     /* Olm sessions a client keeps per peer attach */
    KR_RESET_MS = 60000,     /* one new session per pair and this long beyond the first */
    KR_SEALED_LEN = 47,      /* secret 32 + tag 15 (protocol.md 5.7) */
    KR_SUPPLEMENTS_MAX = 3,  /* re-seals of one sender for one recipient in an epoch */

    KR_PASSPHRASE_ITERATIONS =
        600000,               /* of PBKDF2-SHA-256, as OWASP asks; a quarter of a second once a room */
    KR_PASSPHRASE_MAX = 1024, /* bytes */

    /* --- rooms and epochs ------------------------------------------------------------------------------ */
    KR_ROOMS_MAX = 1024,     /* live rooms of one daemon */
    KR_OCCUPANTS_MAX = 4096, /* per room; SFrame KIDs carry 12 bits of roster index */
    KR_MEMBERS_MAX = 512,    /* per room with source participants: N^2 ciphertexts cross Prosody */
    KR_LED_MEMBERS_MAX =
        4095, /* per room with another source: the roster indices, one left for the service */
    KR_LEADER_PATIENCE_MS = 10000, /* for a leader that failed before, when nobody else can lead */
    KR_OWN_WAIT_MS = 3000, /* for the service's own device to attach: it is in the same process, but its turn
                              may be long */
    KR_LEADERS_FAILED = 2, /* in a row: the room is exposed */
    KR_HEAL_MS = 900000,   /* who only hears a leader turns the session's ratchet this often */
    KR_NICK_SESSIONS_MAX = 8,   /* sessions on one nick; one is what may attach, people have two or three */
    KR_CHALLENGES_MAX = 4,      /* outstanding per occupant */
    KR_CHALLENGE_MS = 60000,    /* life of a challenge: one round trip and a person's patience */
    KR_EPOCH_MAX = 0x7fffffff,  /* numbers stay in 31 bits, so SFrame KIDs stay in 43 */
    KR_EPOCHS_HELD_MAX = 4,     /* epochs whose keys a client holds at once */
    KR_ERASE_MS = 5000,         /* a receiver erases a replaced secret after this */
    KR_SWITCH_SLACK_MS = 500,   /* a sealed sender switches at commit or deadline + this */
    KR_UNSEALED_STOP_MS = 2000, /* a sender that could not seal stops at deadline + this */
    KR_EXPOSED_MS = 10000,      /* own presence shows a leave and no epoch without it came */
    KR_DEADLINE_MAX_MS = 60000, /* a client trusts no longer deadline: 4096 members have 43 s */
    KR_COMMIT_GAP_MS = 1000,    /* at most one commit a second and room, so JFrame's 16 indices never meet */
    KR_CHAIN_MAX = 64,          /* past epochs whose context inputs are kept for members that missed some */
    KR_LEAVE_BUDGET = 6,        /* leave rotations a minute above which joins wait */
    KR_JOIN_HOLD_MS = 10000,    /* ... and are let in this often */
    KR_GATHER_MS = 50,       /* late envelopes are gathered this long: little against the deadline that ... */
    KR_GATHER_MEMBER_MS = 1, /* ... they missed the half of, and with this for each member no room makes more
                                than 1,000 stanzas a second of them */
    KR_WHOLE_MAX = 5,        /* whole announces one attach may ask for ... */
    KR_WHOLE_MS = 10000,     /* ... in this time: one can be 400 kB, and a client needs one at a time */
    KR_OWNER_ROTATE_MS = 10000, /* a room owner may ask for a rotation this often */

    KR_STOCK_PAIRS_MAX = 8192, /* pairs of stock clients whose state is kept per room: of 128, and Jitsi
                                  switches its E2EE off above 20; the others are judged without it */

    /* --- media frames ---------------------------------------------------------------------------------- */
    KR_FRAME_MAX = 16777216, /* bytes: a raw 4K picture has 12 MB, an encoded one far less */
    KR_FRAME_WINDOW =
        1024, /* counters per key a late frame may lag: 1 s of audio and three layers is under 200 */

    /* --- rates ----------------------------------------------------------------------------------------- */
    KR_REQUESTS_PER_S = 50,  /* per full JID, a bucket of four seconds' worth; a client needs about 5 */
    KR_REFUSALS_KEPT = 4096, /* actors whose refusals are counted per minute for the log */
    KR_STRANGERS_KEPT =
        4096, /* JIDs outside the rooms that the log names: an opening of each is held as long as we run */

    /* --- text ------------------------------------------------------------------------------------------ */
    KR_TEXT_MAX = 16384,     /* a canonical text: three JIDs and change */
    KR_LOG_ENTRY_MAX = 4096, /* a log entry; tiles carry a 16-bit length */
    KR_REASON_MAX = 200,     /* bytes of a free-text reason given by an operator */

    /* --- a log that others can check -------------------------------------------------------------------- */
    KR_NOTE_MAX = 65536,           /* bytes of a signed note: three lines and 16 signatures of 2,420 bytes */
    KR_NOTE_SIGNATURES_MAX = 64,   /* lines read; verifiers must take 16 */
    KR_NOTE_NAME_MAX = 255,        /* bytes of a key name or origin: what newer signature types can carry */
    KR_WITNESSES_MAX = 16,         /* witnesses that are configured; a quorum of many more would be slow */
    KR_WITNESS_ANSWER_MAX = 65536, /* bytes of a witness's answer: signature lines, as many as a note has */
    KR_RETAIN_EVIDENCE_MAX = 20,   /* commits whose evidence it deletes: 50 kB each in a room of 200 */
    KR_RETAIN_MAX = 1000,          /* rows of each kind that one turn of the retention deletes: some 20 ms */
    KR_BUNDLE_EXTRA_MAX =
        393216,             /* characters: openings (16-byte id, 32-byte key) of 4,096 recipients and more */
    KR_BUNDLE_MAX = 524288, /* bytes of a proof bundle: extra data, 64 hashes and a note */

    /* --- verification ---------------------------------------------------------------------------------- */
    KR_VERIFIERS_MAX = 16,       /* distinct owners that a policy may ask for: people who compared codes */
    KR_ATTEST_CLOCK_S = 300,     /* an attestation is issued now, by clocks that differ so much */
    KR_ATTESTATIONS_MAX = 65536, /* that the service keeps: 1 kB each */
    KR_ATTESTATIONS_VERIFIER_MAX = 1024, /* ... of one device */
    KR_ATTESTATIONS_A_MINUTE = 30,       /* that one full JID may give or take back */
    KR_ATTESTATIONS_PART = 50,           /* told in one event: below KR_SPLIT_LEN with the longest names */
    KR_SAS_PERSON_MS = 180000,           /* for somebody to accept, and for both to compare aloud */
    KR_SAS_MACHINE_MS = 20000,           /* for a client to answer by itself */
    KR_SAS_TEXT_MAX = 255,               /* bytes of one message: the longest has 170 */
    KR_SAS_TRIES_MAX = 3,     /* of two devices in a meeting: each is one guess of 2^39 for who is between */
    KR_SAS_ASKED_MAX = 10,    /* requests of one device that a person is shown in a meeting */
    KR_SAS_MESSAGES_MAX = 16, /* that one attach may send another ... */
    KR_SAS_WINDOW_MS = 60000, /* ... in this time: three verifications of five */

    /* --- the link -------------------------------------------------------------------------------------- */
    KR_QUEUE_SOFT = 4096,  /* stanzas waiting to be written: new requests get wait/resource-constraint */
    KR_QUEUE_HARD = 16384, /* the link is dropped and rebuilt */
    KR_QUEUE_BYTES_MAX = 268435456, /* same, in bytes: three deliveries of a full room of 1,000 */
    KR_CONNECT_MS = 10000,          /* until TCP answers */
    KR_HANDSHAKE_MS = 10000,        /* from there until we are authenticated */
    KR_KEEPALIVE_MS =
        30000, /* a silent link sends a space this often, and TCP gives up on it after as long */
    KR_LINK_ROUNDS_MAX = 64,  /* reads of 4 KiB in one call: bounds a turn */
    KR_LINK_CHUNK = 65536,    /* stanzas are handed to libstrophe in chunks of this: one system call each */
    KR_TURN_EVENTS_MAX = 512, /* events of one turn: bounds a transaction */
    KR_CONTROL_BODY_MAX = 65536, /* bytes of a control request */
};

#endif
