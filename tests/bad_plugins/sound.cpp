// Nothing is wrong with this one: it shows that the others fail for their own reason.
#include "hook.hpp"

KEELSON_STAGE_HOOK("sound", Hook, .version = "1.2", .summary = "a plugin with nothing wrong", .order = 7,
                   .aliases = "well healthy");
KEELSON_KEYS({"keelson.hook.sound.level", keelson::abi::KeyType::number, 0, "3", "", "how much"});
