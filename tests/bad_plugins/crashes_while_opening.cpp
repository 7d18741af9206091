#include "hook.hpp"

static void* volatile nowhere = nullptr;

struct Crashes : Hook {
    Crashes() { *static_cast<volatile int*>(nowhere) = 1; }
};
KEELSON_STAGE_HOOK("crashes_while_opening", Crashes, .version = "1", .summary = "its constructor writes to address 0");
