#include "module.hpp"

using namespace keelson::abi;

KEELSON_KEYS({"lxc.apparmor.profile", KeyType::text, key_of_host, "", "",
              "profile of the container's processes: a name, unconfined, unchanged or generated"},
             {"lxc.apparmor.allow_incomplete", KeyType::boolean, key_of_host, "0", "",
              "1: start although the kernel's AppArmor does not mediate mounts"},
             {"lxc.apparmor.allow_nesting", KeyType::boolean, 0, "0", "",
              "1: the generated profile lets containers run inside"},
             {"lxc.apparmor.raw", KeyType::text, key_list | key_of_host, "", "",
              "a rule line (apparmor.d(5)) for the generated profile"});

KEELSON_SECURITY_MODULE("apparmor", keelson::apparmor::Module, .version = "0.1",
                        .summary = "puts the container's processes under an AppArmor profile",
                        .applies_to = "/sys/module/apparmor/parameters/enabled", .order = 10);
