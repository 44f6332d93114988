/* What the checks of the frame formats share. */
#ifndef KR_LAB_FRAMES_H
#define KR_LAB_FRAMES_H

#include "frame/aead.h"
#include "frame/jframe.h"
#include "frame/jframe2021.h"
#include "frame/sframe.h"
#include "vector.h"

/* What a frame is opened with: one call for all formats, so that one loop breaks them all. */
struct opener {
    int (*open)(const struct opener *o, struct kr_span frame, struct kr_buf *out);
    enum kr_aead alg;
    const struct kr_secret *key;
    const uint8_t *nonce;
    struct kr_span aad;
    const struct kr_sframe_key *sframe;
    const struct kr_jframe_key *jframe;
    const struct kr_jframe2021_key *jframe2021;
    const struct kr_p521_public *signer;
    enum kr_jframe_kind kind;
};

/* The frame opens to the plaintext; with one bit flipped in any of its bytes, or cut by one byte, it does
 * not. */
void vector_check_open(struct vector *v, const struct opener *o, struct kr_span frame, struct kr_span plain);

/* The field frame_type of a JFrame case. */
enum kr_jframe_kind vector_frame_kind(struct vector *v);

#endif
