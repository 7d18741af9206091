// Linked with a library that is not there any more when the plugin is loaded.
#include "hook.hpp"

extern "C" void in_the_missing_library();

struct Calls : Hook {
    Calls() { in_the_missing_library(); }
};
KEELSON_STAGE_HOOK("missing_library", Calls, .version = "1", .summary = "needs a library that is gone");
