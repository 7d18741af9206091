#include "hook.hpp"

KEELSON_STAGE_HOOK("unknown_key_type", Hook, .version = "1", .summary = "declares a key of a type to come");
KEELSON_KEYS({"keelson.hook.unknown_key_type.x", static_cast<keelson::abi::KeyType>(99), 0, "", "", "from the future"});
