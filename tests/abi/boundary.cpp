// A shared object that uses every type of the boundary, so that abidw(1) describes them all.
#include <keelson/abi/cgroup_driver.hpp>
#include <keelson/abi/descriptor.hpp>
#include <keelson/abi/network.hpp>
#include <keelson/abi/security_module.hpp>
#include <keelson/abi/stage_hook.hpp>
#include <keelson/abi/storage.hpp>
#include <keelson/abi/template.hpp>

namespace keelson::abi {

struct Interfaces {
    Network* network;
    Storage* storage;
    StorageCopy* storage_copy;
    SecurityModule* security_module;
    SecurityLabel* security_label;
    SecurityMounts* security_mounts;
    SecurityKeyring* security_keyring;
    SecurityListener* security_listener;
    CgroupDriver* cgroup_driver;
    Template* distribution_template;
    StageHook* stage_hook;
};

struct Enumerations {
    LogLevel log_level;
    HookStage hook_stage;
    NetworkTraits network_traits;
    KeyType key_type;
    KeyFlags key_flags;
};

struct Data {
    PluginDescriptor descriptor;
    Key key;
    IdRange range;
    NetworkDevice device;
    CgroupUsage usage;
};

extern "C" __attribute__((visibility("default"))) void keelson_boundary(const Interfaces*, const Enumerations*, const Data*) {}

}  // namespace keelson::abi
