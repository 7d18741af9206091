#include "hook.hpp"

EXPORT([]() consteval {
    auto descriptor = hook("newer_minor");
    descriptor.abi_minor = KEELSON_ABI_MINOR + 1;
    return descriptor;
}());
