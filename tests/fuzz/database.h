/* A real SQLite database as the service leaves it, to be damaged. */
#ifndef KR_FUZZ_DATABASE_H
#define KR_FUZZ_DATABASE_H

#include "base/buf.h"
#include "base/random.h"
#include "base/secret.h"
#include "core/settings.h"
#include "input.h"
#include "store/store.h"

/* Everything about it, made once for the process. */
struct fuzz_database {
    char folder[64], path[96], damaged[96], restored[96];
    struct kr_secret seal_key;
    struct kr_random random;
    struct kr_settings settings;    /* of the service that made it */
    struct kr_buf file;             /* its bytes, as the schema makes it */
    struct kr_store *loose;         /* open; the same rows without types, CHECKs, NOT NULL and triggers */
    const struct kr_store_ops *ops; /* the backend's own: those of `loose` run in the edit's transaction */
};
struct fuzz_database *fuzz_database(void);

/* Rows of `loose` are changed until fuzz_database_reset. */
void fuzz_database_edit(struct fuzz_database *db, struct fuzz_in *in);
void fuzz_database_reset(struct fuzz_database *db);

/* A copy of the file at db->damaged with bytes changed, cut or added, or any bytes at all. */
void fuzz_database_damage(struct fuzz_database *db, struct fuzz_in *in);

#endif
