#include "daemon/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "io/clock.h"
#include "io/fetch.h"
#include "io/log.h"
#include "log/witness.h"

enum {
    TIMEOUT_MS = 5000,     /* of one request; at start the service waits for it */
    RETRY_MAX_MS = 300000, /* after a failure the interval is doubled, up to five minutes */
    UNSIGNED_MS = 1000,    /* the log is signed a second after its first entry */
    TURNS_MAX = 3,         /* requests in a row: what it knows, what it is given, and one race */
    ERROR_MAX = 300,
    HTTP_OK = 200,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_CONFLICT = 409,
    HTTP_UNPROCESSABLE = 422
};

struct witness {
    struct kr_witnesses *all;
    struct kr_note_key key;
    char *vkey, *url;
    bool asked;        /* was, once since start, whatever came of it */
    bool greeted;      /* it has told what it knows, so `known` is its word */
    bool busy;         /* a request is out */
    uint64_t known;    /* entries that it has cosigned */
    uint64_t due;      /* monotonic: the next request */
    uint64_t pause_ms; /* after the next failure */
    unsigned turns;    /* requests since it was last content */
    char error[ERROR_MAX];
    /* of the request that is out */
    char *origin;
    uint64_t old, size;
    struct kr_buf text; /* of the checkpoint */
};

struct kr_witnesses {
    struct kr_witness_hooks hooks;
    struct kr_fetch *fetch;
    struct witness *list;
    size_t count;
};

/* --- the configuration --- */

const char *kr_witness_read(const char *line, struct kr_note_key *ret_key, const char **ret_url)
{
    const char *space = strchr(line, ' ');
    const char *url = space ? space + strspn(space, " ") : "";
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;

    if (!space ||
        kr_note_key_read(kr_span((const uint8_t *)line, (size_t)(space - line)), ret_key) != KR_LOG_OK)
        return "is a key and an address; the key is NAME+ID+BASE64, as the witness gives it";
    if (ret_key->type != KR_NOTE_COSIGNATURE)
        return "has the key of a log; that of a witness is of type 04 (cosignature/v1)";
    if (!scheme || !url[scheme] || strpbrk(url, " \t?#"))
        return "ends with an address, http:// or https://, without what the witness appends to it";
    *ret_url = url;
    return NULL;
}

static void set_up(struct kr_witnesses *all, struct witness *w, const char *line)
{
    const char *url = "";
    struct kr_buf vkey;

    (void)kr_witness_read(line, &w->key, &url); /* was checked when the configuration was read */
    kr_buf_init(&vkey, KR_NOTE_MAX);
    kr_note_key_add_text(&vkey, &w->key);
    w->all = all;
    w->vkey = kr_buf_take_str(&vkey);
    w->url = kr_strdup(url);
    while (*w->url && w->url[strlen(w->url) - 1] == '/')
        w->url[strlen(w->url) - 1] = '\0';
    w->pause_ms = all->hooks.every_ms;
    kr_buf_init(&w->text, KR_NOTE_MAX);
}

int kr_witnesses_new(char *const *lines, size_t count, const struct kr_witness_hooks *hooks,
                     struct kr_witnesses **ret_witnesses)
{
    struct kr_witnesses *all;

    *ret_witnesses = NULL;
    if (count == 0)
        return 0;
    all = kr_calloc(1, sizeof(*all));
    all->hooks = *hooks;
    all->list = kr_calloc(count, sizeof(*all->list));
    all->count = count;
    for (size_t i = 0; i < count; i++)
        set_up(all, &all->list[i], lines[i]);
    if (kr_fetch_new(&all->fetch)) {
        kr_witnesses_free(all);
        return KR_E_IO;
    }
    *ret_witnesses = all;
    return 0;
}

void kr_witnesses_free(struct kr_witnesses *all)
{
    if (!all)
        return;
    kr_fetch_free(all->fetch);
    for (size_t i = 0; i < all->count; i++) {
        free(all->list[i].vkey);
        free(all->list[i].url);
        free(all->list[i].origin);
        kr_buf_done(&all->list[i].text);
    }
    free(all->list);
    free(all);
}

/* --- what comes of a request --- */

/* libcurl's words tell how long it took. */
static bool same_but_for_numbers(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    for (;;) {
        a += strspn(a, digits);
        b += strspn(b, digits);
        if (*a != *b || !*a)
            return *a == *b;
        a++;
        b++;
    }
}

static void failed(struct witness *w, const char *what, const char *hint)
{
    char text[ERROR_MAX];

    (void)snprintf(text, sizeof(text), "%.180s%.100s", what, hint);
    /* One line when it begins or is for another reason; the attempts that follow are for debugging. */
    kr_logf(same_but_for_numbers(text, w->error) ? KR_LOG_DEBUG : KR_LOG_WARN,
            "witness %.80s at %.160s -> no cosignature, trying again (%s)", w->key.name, w->url, text);
    memcpy(w->error, text, sizeof(text));
    w->asked = true;
    w->turns = 0;
    w->due = kr_mono_ms() + w->pause_ms;
    w->pause_ms = w->pause_ms * 2 < RETRY_MAX_MS ? w->pause_ms * 2 : RETRY_MAX_MS;
}

static void tell(struct witness *w, enum kr_witness_word word, uint64_t size, uint64_t time_s,
                 struct kr_span lines)
{
    const struct kr_witness_said said = {.word = word,
                                         .origin = w->origin,
                                         .name = w->key.name,
                                         .vkey = w->vkey,
                                         .size = size,
                                         .time_s = time_s,
                                         .lines = lines};

    w->asked = true;
    w->due = kr_mono_ms() + w->all->hooks.every_ms;
    w->all->hooks.said(w->all->hooks.arg, &said);
}

static void cosigned(struct witness *w, struct kr_span body)
{
    uint64_t time_s = 0;
    struct kr_span line = kr_span(NULL, 0);
    enum kr_log_verdict v = kr_witness_cosigned(body, kr_buf_span(&w->text), &w->key, &time_s, &line);

    if (v != KR_LOG_OK) {
        failed(w, "its answer is not its cosignature: ", kr_log_verdict_name(v));
        return;
    }
    if (w->error[0])
        kr_logf(KR_LOG_INFO, "witness %.80s -> answers again", w->key.name);
    w->error[0] = '\0';
    w->pause_ms = w->all->hooks.every_ms;
    w->turns = 0;
    w->greeted = true;
    w->known = w->size;
    tell(w, KR_WITNESS_COSIGNED, w->size, time_s, line);
}

/* 409: what it has cosigned is not what we thought. Whatever it has, we had signed and kept before it could
 * be sent: more than that is a word against our database. */
static void knows_other(struct witness *w, struct kr_span body)
{
    uint64_t size = 0;

    if (kr_witness_size(body, &size) != KR_LOG_OK) {
        failed(w, "HTTP status 409 without the size that it knows", "");
    } else if (size > w->size) {
        tell(w, KR_WITNESS_AHEAD, size, 0, kr_span(NULL, 0));
    } else if (size == w->old && size == w->size) {
        tell(w, KR_WITNESS_FORKED, size, 0, kr_span(NULL, 0));
    } else if (size == w->old || ++w->turns >= TURNS_MAX) {
        failed(w, "HTTP status 409 with the size that it was given", "");
    } else {
        w->greeted = true;
        w->known = size;
        w->due = 0;
    }
}

static void on_answer(void *arg, const struct kr_fetch_answer *a)
{
    struct witness *w = arg;
    char what[64];

    w->busy = false;
    (void)snprintf(what, sizeof(what), "HTTP status %u", a->status);
    switch (a->status) {
    case 0:
        failed(w, a->error, "");
        break;
    case HTTP_OK:
        cosigned(w, a->body);
        break;
    case HTTP_CONFLICT:
        knows_other(w, a->body);
        break;
    case HTTP_UNPROCESSABLE: /* our proof is made from our nodes: it is of another tree than the witness's */
        if (w->old)
            tell(w, KR_WITNESS_FORKED, w->old, 0, kr_span(NULL, 0));
        else
            failed(w, what, "");
        break;
    case HTTP_NOT_FOUND:
        failed(w, what, ": it does not know the log; to do: give its operator the vkey");
        break;
    case HTTP_FORBIDDEN:
        failed(w, what, ": it knows the log under another key; to do: give its operator the vkey");
        break;
    default:
        failed(w, what, "");
        break;
    }
}

/* --- a request --- */

struct nodes {
    struct kr_store *store;
    int err;
};

static bool read_node(void *state, struct kr_log_node node, struct kr_digest *ret_hash)
{
    struct nodes *n = state;
    struct kr_node_ask ask = {.level = node.level, .index = node.index};
    struct kr_query q = {.kind = KR_Q_LOG, .nodes = &ask, .node_count = 1};
    struct kr_query_result r = {0};
    int err = n->store->ops->query(n->store, &q, 0, &r);

    *ret_hash = ask.hash;
    n->err = n->err ? n->err : err;
    return !err && r.complete;
}

static bool make_proof(struct kr_store *store, uint64_t from, uint64_t to, struct kr_log_proof *ret_proof)
{
    struct nodes n = {.store = store};
    struct kr_log_nodes nodes = {read_node, &n};
    enum kr_log_verdict v;

    ret_proof->count = 0;
    if (from == 0 || from == to)
        return true;
    if (store->ops->begin(store))
        return false;
    v = kr_consistency_make(&nodes, from, to, ret_proof);
    store->ops->rollback(store);
    return v == KR_LOG_OK;
}

/* The text of a note of ours: all before the last empty line. */
static void keep_text(struct witness *w, const struct kr_buf *note)
{
    size_t end = note->len;

    while (end > 1 && !(note->ptr[end - 1] == '\n' && note->ptr[end - 2] == '\n'))
        end--;
    kr_buf_clear(&w->text);
    kr_buf_add(&w->text, note->ptr, end ? end - 1 : 0);
}

static void send_request(struct witness *w, const struct kr_buf *note)
{
    struct kr_witness_request r = {.old = w->greeted ? w->known : 0, .note = kr_buf_span(note)};
    struct kr_buf url, body;
    char *address;

    w->old = r.old;
    if (!make_proof(w->all->hooks.store, r.old, w->size, &r.proof)) {
        failed(w, "the proof for it cannot be made from the database", "");
        return;
    }
    keep_text(w, note);
    kr_buf_init(&url, (size_t)2 * KR_JID_MAX);
    kr_buf_init(&body, (size_t)2 * KR_NOTE_MAX);
    kr_buf_add_str(&url, w->url);
    kr_buf_add_str(&url, "/add-checkpoint");
    kr_witness_request_add(&body, &r);
    address = kr_buf_take_str(&url);
    w->busy = address && !kr_fetch_start(w->all->fetch,
                                         &(struct kr_fetch_request){.url = address,
                                                                    .body = kr_buf_span(&body),
                                                                    .answer_max = KR_WITNESS_ANSWER_MAX,
                                                                    .timeout_ms = TIMEOUT_MS},
                                         on_answer, w);
    if (!w->busy)
        failed(w, "the request cannot be made", "");
    free(address);
    kr_buf_done(&body);
}

/* Its turn: unless it has all there is. It is told of a size once more at start, for its answer. */
static void ask(struct witness *w)
{
    const struct kr_witness_hooks *h = &w->all->hooks;
    const char *origin = NULL;
    struct kr_buf note;
    int err;

    if (!h->log(h->arg, &origin)) {
        w->asked = true;
        w->due = kr_mono_ms() + h->every_ms;
        return;
    }
    kr_buf_init(&note, KR_NOTE_MAX);
    err = h->store->ops->checkpoint(h->store, origin, KR_CHECKPOINT_NEWEST, &note, &w->size);
    if (err == KR_E_NOT_FOUND) { /* a new log: nobody can know better */
        w->asked = true;
        w->due = kr_mono_ms() + UNSIGNED_MS;
    } else if (err) {
        failed(w, "the checkpoint cannot be read from the database", "");
    } else if (w->greeted && w->turns == 0 && w->known >= w->size) {
        w->due = kr_mono_ms() + h->every_ms;
    } else {
        free(w->origin);
        w->origin = kr_strdup(origin);
        send_request(w, &note);
    }
    kr_buf_done(&note);
}

int kr_witnesses_fd(const struct kr_witnesses *all)
{
    return all ? kr_fetch_fd(all->fetch) : -1;
}

uint64_t kr_witnesses_due(const struct kr_witnesses *all)
{
    uint64_t due = all ? kr_fetch_due_mono_ms(all->fetch) : UINT64_MAX;

    for (size_t i = 0; all && i < all->count; i++)
        if (!all->list[i].busy && all->list[i].due < due)
            due = all->list[i].due;
    return due;
}

void kr_witnesses_run(struct kr_witnesses *all, uint64_t now_mono_ms)
{
    if (!all)
        return;
    for (size_t i = 0; i < all->count; i++)
        if (!all->list[i].busy && all->list[i].due <= now_mono_ms)
            ask(&all->list[i]);
    kr_fetch_run(all->fetch);
}

bool kr_witnesses_asked(const struct kr_witnesses *all)
{
    for (size_t i = 0; all && i < all->count; i++)
        if (!all->list[i].asked)
            return false;
    return true;
}

size_t kr_witnesses_count(const struct kr_witnesses *all)
{
    return all ? all->count : 0;
}

struct kr_witness_view kr_witnesses_view(const struct kr_witnesses *all, size_t i)
{
    const struct witness *w = &all->list[i];

    return (struct kr_witness_view){.name = w->key.name, .url = w->url, .size = w->known, .error = w->error};
}
