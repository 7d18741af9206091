#include "hook.hpp"

EXPORT([]() consteval {
    auto descriptor = hook("endless_summary");
    for (char& letter : descriptor.summary) letter = 'x';
    return descriptor;
}());
