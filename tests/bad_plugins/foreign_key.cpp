#include "hook.hpp"

KEELSON_STAGE_HOOK("foreign_key", Hook, .version = "1", .summary = "declares a key that is not its own");
KEELSON_KEYS({"lxc.rootfs.path", keelson::abi::KeyType::path, 0, "", "", "taken from the kernel"});
