#include "hook.hpp"

static volatile bool without_end = true;

static int deeper(volatile char* above) {
    volatile char here[4096];
    here[0] = *above;
    return without_end ? deeper(here) + here[0] : here[0];
}

struct Recurses : Hook {
    Recurses() {
        volatile char start = 1;
        deeper(&start);
    }
};
KEELSON_STAGE_HOOK("exhausts_the_stack", Recurses, .version = "1", .summary = "its constructor recurses without end");
