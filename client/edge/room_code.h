/* The room code, computed beside the loop: it takes most of a second, and deadlines do not wait. */
#ifndef KR_EDGE_ROOM_CODE_H
#define KR_EDGE_ROOM_CODE_H

#include <stddef.h>

#include "base/id.h"
#include "verify/room_code.h"

struct kr_room_code_job;

struct kr_room_code_shown {
    char text[KR_ROOM_CODE_TEXT]; /* "" if it could not be computed */
    size_t devices;
};

/* Starts with that roster; NULL if no thread can be had. */
struct kr_room_code_job *kr_room_code_start(const struct kr_digest *roster, size_t devices);
int kr_room_code_fd(const struct kr_room_code_job *job); /* readable when it is done; -1 for NULL */
/* Waits for the end of it; frees the job. */
struct kr_room_code_shown kr_room_code_finish(struct kr_room_code_job *job);

#endif
