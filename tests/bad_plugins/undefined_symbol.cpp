#include "hook.hpp"

extern "C" void nobody_defines_this();

struct Calls : Hook {
    Calls() { nobody_defines_this(); }
};
KEELSON_STAGE_HOOK("undefined_symbol", Calls, .version = "1", .summary = "needs what nobody has");
