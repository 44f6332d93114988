/* A message of a stock client from any bytes: read, and what the service writes of it read again as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "stock/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kr_stock_message m, again;
    if (kr_stock_parse(kr_span(data, size), &m) != 0)
        return 0;
    static const struct kr_stock_parts parts = {
        .body = "AAAA", .sas = "AAAA", .mac_id = "ed25519:x", .mac = "AAAA"};
    struct kr_buf b;
    kr_buf_init(&b, 4096);
    if (kr_stock_json(&m, &parts, &b) == 0) {
        if (kr_stock_parse(kr_buf_span(&b), &again) != 0 || again.type != m.type ||
            strcmp(again.uuid, m.uuid) != 0 || strcmp(again.error, m.error) != 0)
            abort();
    } else if (m.type != KR_STOCK_TYPE_NONE && m.type != KR_STOCK_TYPE_OTHER) {
        abort();
    }
    kr_buf_done(&b);
    return 0;
}
