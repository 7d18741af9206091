#include "hook.hpp"

static void* open_by_hand(keelson::abi::ErrorSink*) { return nullptr; }
EXPORT(hook("opens_to_nothing", &open_by_hand));
