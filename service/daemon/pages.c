/* What the read-only listener has: the metrics, and the log. */
#include <string.h>

#include "base/alloc.h"
#include "daemon/control.h"
#include "daemon/tiles.h"

static void say(struct kr_web_answer *a, unsigned status, const char *text)
{
    *a = (struct kr_web_answer){
        .status = status, .type = "text/plain", .body = kr_strdup(text), .len = strlen(text)};
}

void kr_pages_handle(void *arg, const struct kr_web_request *request, struct kr_web_answer *ret_answer)
{
    struct kr_daemon *d = arg;
    bool metrics = strcmp(request->path, "/metrics") == 0;

    if (!metrics && !kr_tiles_path(request->path)) {
        say(ret_answer, 404, "only /metrics, /checkpoint and /tile/ are here\n");
    } else if (strcmp(request->method, "GET") != 0) {
        say(ret_answer, 405, "GET only\n");
        ret_answer->allow = "GET";
    } else if (metrics) {
        kr_metrics_get(d, ret_answer);
    } else {
        kr_tiles_get(d, request->path, ret_answer);
    }
}
