#include "hook.hpp"

EXPORT([]() consteval {
    auto descriptor = hook("newer_major");
    descriptor.abi_major = KEELSON_ABI_MAJOR + 1;
    return descriptor;
}());
