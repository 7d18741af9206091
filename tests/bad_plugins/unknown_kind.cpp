#include "hook.hpp"

EXPORT([]() consteval {
    auto descriptor = hook("unknown_kind");
    keelson::sdk::copy_text(descriptor.kind, "hooks");
    return descriptor;
}());
