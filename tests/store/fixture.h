/* What the store tests share: records that are easy to make, and a folder of their own. */
#ifndef KR_TESTS_STORE_FIXTURE_H
#define KR_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "store/store.h"

#define ROOM_A "a@rooms.example"
#define ROOM_B "b@rooms.example"

struct kr_id an_id(unsigned n);
struct kr_key a_key(unsigned n);
struct kr_random a_random(void); /* counts up */

struct kr_write w_room(const char *room, unsigned instance, uint64_t epoch_high);
struct kr_write w_room_end(const char *room, unsigned instance);
struct kr_write w_epoch(unsigned instance, uint64_t epoch);
struct kr_write w_attach(unsigned attach, unsigned instance, const char *room, unsigned device);
struct kr_write w_attach_end(unsigned attach);
struct kr_write w_key(unsigned attach, enum kr_key_class kind, unsigned key);
struct kr_write w_grant(enum kr_write_kind kind, unsigned device, const char *scope);
struct kr_write w_log(uint64_t idx, const char *entry);

/* Inside a transaction. */
void write_ok(struct kr_store *s, struct kr_write w);
int try_write(struct kr_store *s, struct kr_write w);
struct kr_query_result query_ok(struct kr_store *s, const struct kr_query *q, uint64_t now_ms);
struct kr_query_result register_device(struct kr_store *s, unsigned device, const char *owner,
                                       uint64_t now_ms);
struct kr_query_result device_word(struct kr_store *s, unsigned device, const char *room);
struct kr_query_result claim(struct kr_store *s, unsigned attach);

void begin(struct kr_store *s);
void commit(struct kr_store *s);
void add_opening(struct kr_store *s, unsigned instance, const char *subject, const char *key32);

/* A room A (instance 1) with epoch 1, a device 1 attached as attach 1 with two one-time keys (11, 12) and a
 * fallback key (19), an opening and one log entry; committed. */
void populate(struct kr_store *s);

/* A new folder under TMPDIR or /tmp; path_in is valid until the next call. */
char *make_folder(void);
const char *path_in(const char *folder, const char *name);
void remove_folder(char *folder); /* frees folder */

#endif
