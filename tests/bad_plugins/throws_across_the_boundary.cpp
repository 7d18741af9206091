// Not through the SDK's layer, which would have caught it.
#include "hook.hpp"

static void* open_by_hand(keelson::abi::ErrorSink*) { throw 7; }
EXPORT(hook("throws_across_the_boundary", &open_by_hand));
