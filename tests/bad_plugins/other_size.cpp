#include "hook.hpp"

EXPORT([]() consteval {
    auto descriptor = hook("other_size");
    descriptor.size -= 8;
    return descriptor;
}());
