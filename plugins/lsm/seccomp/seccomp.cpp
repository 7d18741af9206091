#include "module.hpp"

using keelson::abi::KeyType;

KEELSON_KEYS(
    {"lxc.seccomp.profile", KeyType::path, 0, "", "", "policy file (both versions) that the container's processes run under"},
    {"lxc.seccomp.allow_nesting", KeyType::boolean, 0, "0", "", "1: load the policy although the starter is confined itself"},
    {"lxc.seccomp.notify.proxy", KeyType::text, 0, "", "", "unix:PATH of the proxy that answers calls with the action notify"},
    {"lxc.seccomp.notify.cookie", KeyType::text, 0, "", "", "text that is sent to the proxy with each call"});

KEELSON_SECURITY_MODULE("seccomp", keelson::seccomp::Module, .version = "0.1",
                        .summary = "filters the container's system calls by a policy file", .order = 90);
