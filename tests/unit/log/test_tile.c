#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/tile.h"
#include "test_log/nodes.h"

static void assert_path(struct kr_tile tile, const char *want)
{
    char path[KR_TILE_PATH_MAX];
    struct kr_tile again;
    kr_tile_path(&tile, path);
    assert_string_equal(path, want);
    assert_int_equal(kr_tile_path_read(kr_span_str(want), &again), KR_LOG_OK);
    assert_true(again.entries == tile.entries && again.level == tile.level && again.index == tile.index &&
                again.width == tile.width);
}

static void test_paths(void **state)
{
    (void)state;
    assert_path((struct kr_tile){false, 0, 0, 256}, "tile/0/000");
    assert_path((struct kr_tile){false, 0, 273, 112}, "tile/0/273.p/112");
    assert_path((struct kr_tile){false, 2, 0, 1}, "tile/2/000.p/1");
    assert_path((struct kr_tile){false, 1, 1234067, 256}, "tile/1/x001/x234/067");
    assert_path((struct kr_tile){true, 0, 1234067, 255}, "tile/entries/x001/x234/067.p/255");
    assert_path((struct kr_tile){true, 0, 1000, 256}, "tile/entries/x001/000");
    assert_path((struct kr_tile){false, 63, KR_LOG_SIZE_MAX / 256, 255},
                "tile/63/x036/x028/x797/x018/x963/967.p/255");
}

static void test_bad_paths(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "tile",
                                      "tile/",
                                      "tile/0",
                                      "tile/0/",
                                      "tile/0/0",
                                      "tile/0/00",
                                      "tile/0/0000",
                                      "/tile/0/000",
                                      "tile/00/000",
                                      "tile/64/000",
                                      "tile/-1/000",
                                      "tile//000",
                                      "tile/x/000",
                                      "tile/0/x000",
                                      "tile/0/x000/000",
                                      "tile/0/x000/x001/000",
                                      "tile/0/001/000",
                                      "tile/0/x1/000",
                                      "tile/0/000.p",
                                      "tile/0/000.p/",
                                      "tile/0/000.p/0",
                                      "tile/0/000.p/256",
                                      "tile/0/000.p/01",
                                      "tile/0/000.p/1/",
                                      "tile/0/000/",
                                      "tile/0/000/1",
                                      "tile/0/000.q/1",
                                      "tile/0/000p/1",
                                      "tile/0/x001.p/1",
                                      "tile/0/x001/000.p/x1",
                                      "tile/0/0 0",
                                      "tile/0/../000",
                                      "tile/entries/0/000",
                                      "tile/entries",
                                      "tile/entries/",
                                      "tile/Entries/000",
                                      "tile/0/x036/x028/x797/x018/x963/968",
                                      "tile/0/x999/x999/x999/x999/x999/x999/999",
                                      "tile/0/000\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kr_tile tile = {.width = 77};
        if (kr_tile_path_read(kr_span_str(bad[i]), &tile) != KR_LOG_TILE_PATH)
            fail_msg("%s was read", bad[i]);
        assert_int_equal(tile.width, 77);
    }
}

/* The example of tlog-tiles: 70,000 entries. */
static void test_widths(void **state)
{
    (void)state;
    assert_int_equal(kr_tile_width(70000, 0, 0), 256);
    assert_int_equal(kr_tile_width(70000, 0, 272), 256);
    assert_int_equal(kr_tile_width(70000, 0, 273), 112);
    assert_int_equal(kr_tile_width(70000, 0, 274), 0);
    assert_int_equal(kr_tile_width(70000, 1, 0), 256);
    assert_int_equal(kr_tile_width(70000, 1, 1), 17);
    assert_int_equal(kr_tile_width(70000, 2, 0), 1);
    assert_int_equal(kr_tile_width(70000, 3, 0), 0);
    assert_int_equal(kr_tile_width(256, 1, 0), 1);
    assert_int_equal(kr_tile_width(0, 0, 0), 0);
    assert_int_equal(kr_tile_width(KR_LOG_SIZE_MAX, 7, 0), 127);
    assert_int_equal(kr_tile_width(KR_LOG_SIZE_MAX, 8, 0), 0);
    assert_int_equal(kr_tile_width(UINT64_MAX, 0, UINT64_MAX), 0);
}

/* Reads nodes out of tiles alone, as a verifier does that has nothing else. */
struct tiles {
    const struct kr_log_nodes *log;
    uint64_t size;
};

static bool get_from_tiles(void *state, struct kr_log_node node, struct kr_digest *ret_hash)
{
    const struct tiles *t = state;
    struct kr_tile tile = kr_tile_of(node);
    struct kr_digest hashes[KR_TILE_WIDTH];
    struct kr_buf b;
    tile.width = kr_tile_width(t->size, tile.level, tile.index);
    kr_buf_init(&b, sizeof(hashes));
    bool ok = kr_tile_add_hashes(t->log, t->size, &tile, &b) == KR_LOG_OK &&
              kr_tile_read(kr_buf_span(&b), tile.width, hashes) == KR_LOG_OK &&
              kr_tile_node(hashes, tile.width, node, ret_hash) == KR_LOG_OK;
    kr_buf_done(&b);
    return ok;
}

static void test_tree_from_tiles(void **state)
{
    (void)state;
    struct nodes n;
    nodes_init(&n);
    nodes_append_many(&n, NODES_MAX);
    const struct kr_log_nodes reader = nodes_reader(&n);
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 1000, 65535, 65536, 65793, 70000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct tiles tiles = {&reader, sizes[i]};
        const struct kr_log_nodes from_tiles = {get_from_tiles, &tiles};
        struct kr_log_tree tree, want;
        assert_int_equal(kr_log_tree_load(&from_tiles, sizes[i], &tree), KR_LOG_OK);
        assert_int_equal(kr_log_tree_load(&reader, sizes[i], &want), KR_LOG_OK);
        assert_memory_equal(tree.peaks, want.peaks, want.count * sizeof(want.peaks[0]));
        assert_int_equal(kr_log_tree_load(&from_tiles, sizes[i] + 1, &tree), KR_LOG_NODE_MISSING);
    }
    nodes_done(&n);
}

static void test_refused_hashes(void **state)
{
    (void)state;
    struct nodes n;
    struct kr_buf b;
    struct kr_digest hashes[KR_TILE_WIDTH];
    nodes_init(&n);
    nodes_append_many(&n, 300);
    kr_buf_init(&b, KR_NOTE_MAX);
    const struct kr_log_nodes reader = nodes_reader(&n);
    const struct kr_tile wide = {false, 0, 1, 45}, entries = {true, 0, 0, 1}, none = {false, 0, 0, 0};
    assert_int_equal(kr_tile_add_hashes(&reader, 300, &wide, &b), KR_LOG_TILE_OUTSIDE);
    assert_int_equal(kr_tile_add_hashes(&reader, 300, &entries, &b), KR_LOG_TILE_OUTSIDE);
    assert_int_equal(kr_tile_add_hashes(&reader, 300, &none, &b), KR_LOG_TILE_OUTSIDE);
    assert_int_equal(kr_tile_add_hashes(&reader, 301, &wide, &b), KR_LOG_NODE_MISSING);
    assert_int_equal(b.len, 0);
    const struct kr_tile narrow = {false, 0, 1, 3};
    assert_int_equal(kr_tile_add_hashes(&reader, 300, &narrow, &b), KR_LOG_OK);
    assert_int_equal(b.len, 96);
    assert_memory_equal(b.ptr, &n.level[0][256], 96);
    assert_int_equal(kr_tile_read(kr_buf_span(&b), 3, hashes), KR_LOG_OK);
    assert_int_equal(kr_tile_read(kr_buf_span(&b), 2, hashes), KR_LOG_TILE_LENGTH);
    assert_int_equal(kr_tile_read(kr_span(b.ptr, 95), 3, hashes), KR_LOG_TILE_LENGTH);
    assert_int_equal(kr_tile_read(kr_span(b.ptr, 0), 0, hashes), KR_LOG_TILE_LENGTH);
    assert_int_equal(kr_tile_read(kr_span(b.ptr, 0), 257, hashes), KR_LOG_TILE_LENGTH);
    struct kr_digest d;
    assert_int_equal(kr_tile_node(hashes, 3, (struct kr_log_node){1, 129}, &d), KR_LOG_TILE_OUTSIDE);
    assert_int_equal(kr_tile_node(hashes, 3, (struct kr_log_node){1, 128}, &d), KR_LOG_OK);
    assert_true(kr_digest_equal(&d, &n.level[1][128]));
    kr_buf_done(&b);
    nodes_done(&n);
}

static void test_entries(void **state)
{
    (void)state;
    static const uint8_t longest[KR_TILE_ENTRY_MAX + 1];
    struct kr_span entries[KR_TILE_WIDTH];
    struct kr_buf b;
    kr_buf_init(&b, 200000);
    assert_int_equal(kr_tile_add_entry(&b, kr_span_str("")), KR_LOG_OK);
    assert_int_equal(kr_tile_add_entry(&b, kr_span_str("abc")), KR_LOG_OK);
    assert_int_equal(b.len, 7);
    assert_memory_equal(b.ptr, "\0\0\0\3abc", 7);
    assert_int_equal(kr_tile_add_entry(&b, kr_span(longest, KR_TILE_ENTRY_MAX)), KR_LOG_OK);
    assert_int_equal(kr_tile_add_entry(&b, kr_span(longest, KR_TILE_ENTRY_MAX + 1)), KR_LOG_ENTRY_TOO_LONG);
    assert_int_equal(kr_tile_read_entries(kr_buf_span(&b), 3, entries), KR_LOG_OK);
    assert_int_equal(entries[0].len, 0);
    assert_int_equal(entries[1].len, 3);
    assert_memory_equal(entries[1].ptr, "abc", 3);
    assert_int_equal(entries[2].len, KR_TILE_ENTRY_MAX);
    assert_int_equal(kr_tile_read_entries(kr_buf_span(&b), 2, entries), KR_LOG_TILE_LENGTH);
    assert_int_equal(kr_tile_read_entries(kr_buf_span(&b), 4, entries), KR_LOG_TILE_LENGTH);
    for (size_t cut = 0; cut < 9; cut++)
        assert_int_equal(kr_tile_read_entries(kr_span(b.ptr, b.len - 1 - cut), 3, entries),
                         KR_LOG_TILE_LENGTH);
    assert_int_equal(kr_tile_read_entries(kr_span(b.ptr, 0), 0, entries), KR_LOG_TILE_LENGTH);
    assert_int_equal(kr_tile_read_entries(kr_buf_span(&b), 257, entries), KR_LOG_TILE_LENGTH);
    kr_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),          cmocka_unit_test(test_bad_paths),
        cmocka_unit_test(test_widths),         cmocka_unit_test(test_tree_from_tiles),
        cmocka_unit_test(test_refused_hashes), cmocka_unit_test(test_entries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
