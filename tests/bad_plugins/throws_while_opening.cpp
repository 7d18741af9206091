#include "hook.hpp"

struct Throws : Hook {
    Throws() { throw keelson::Error(ENODEV, "/dev/klt", "open", "load the module klt"); }
};
KEELSON_STAGE_HOOK("throws_while_opening", Throws, .version = "1", .summary = "its constructor throws");
