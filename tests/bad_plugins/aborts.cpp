#include "hook.hpp"

#include <cstdlib>

struct Aborts : Hook {
    Aborts() { std::abort(); }
};
KEELSON_STAGE_HOOK("aborts", Aborts, .version = "1", .summary = "its constructor aborts");
