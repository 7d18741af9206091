#include "module.hpp"

using namespace keelson::abi;

KEELSON_KEYS({"keelson.lsm.landlock.ro", KeyType::path, key_list, "", "",
              "read and execute beneath this path inside; what no path grants is denied"},
             {"keelson.lsm.landlock.rw", KeyType::path, key_list, "", "", "read, write and execute beneath this path inside"},
             {"keelson.lsm.landlock.data", KeyType::path, key_list, "", "",
              "read and write, but execute nothing, beneath this path inside"},
             {"keelson.lsm.landlock.bind", KeyType::text, key_list, "", "",
              "TCP port that may be listened on, or none; all others are denied"},
             {"keelson.lsm.landlock.connect", KeyType::text, key_list, "", "",
              "TCP port that may be connected to, or none; all others are denied"},
             {"keelson.lsm.landlock.scope", KeyType::words, key_list, "", "signal abstract-unix",
              "no signals to, or no abstract sockets of, processes that are not confined alike"},
             {"keelson.lsm.landlock.optional", KeyType::boolean, 0, "0", "",
              "1: start without the rules where the kernel lacks landlock"});

KEELSON_SECURITY_MODULE("landlock", keelson::landlock::Module, .version = "0.1",
                        .summary = "grants the container's processes files and TCP ports, and denies the rest", .order = 50);
