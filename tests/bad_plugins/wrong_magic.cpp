#include "hook.hpp"

EXPORT([]() consteval {
    auto descriptor = hook("wrong_magic");
    descriptor.magic = 0x12345678;
    return descriptor;
}());
