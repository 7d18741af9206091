// Plugins that exist for the configuration language alone.
#pragma once

#include <kernel/config/config.hpp>

#include <map>

namespace keelson::test {

class FakeKeys final : public config::KeySource {
public:
    FakeKeys() {
        using enum abi::KeyType;
        add("net", "empty", {});
        add("net", "none", {});
        add("net", "veth",
            {{"veth.pair", text, 0, "", "", "name of the host's end"},
             {"veth.mode", choice, 0, "bridge", "bridge router", ""},
             {"veth.vlan.id", number, 0, "", "0..4094 none", ""},
             {"veth.ipv4.route", address4, abi::key_list, "", "", ""}});
        add("net", "macvlan", {{"macvlan.mode", choice, 0, "private", "private vepa bridge passthru", ""}});
        add("storage", "dir", {});
        add("storage", "overlay", {});
        add("lsm", "apparmor",
            {{"lxc.apparmor.profile", text, 0, "", "", ""},
             {"lxc.apparmor.raw", text, abi::key_list, "", "", ""},
             {"lxc.apparmor.allow_nesting", boolean, 0, "0", "", ""},
             {"lxc.apparmor.allow_incomplete", boolean, 0, "0", "", ""}});
        add("lsm", "seccomp",
            {{"lxc.seccomp.profile", path, 0, "", "", ""}, {"lxc.seccomp.allow_nesting", boolean, 0, "0", "", ""}});
        add("hook", "trace",
            {{"keelson.hook.trace.what", words, abi::key_list, "", "files calls", ""},
             {"keelson.hook.trace.port", number, 0, "80", "1..65535", ""},
             {"keelson.hook.trace.label.", text, abi::key_family | abi::key_unique, "", "", ""}});
    }

    const std::vector<abi::Key>* keys_of(std::string_view kind, std::string_view name) override {
        const auto found = plugins_.find({std::string(kind), std::string(name)});
        return found == plugins_.end() ? nullptr : &found->second;
    }
    std::vector<std::string> names(std::string_view kind) override {
        std::vector<std::string> found;
        for (const auto& [plugin, keys] : plugins_) {
            if (plugin.first == kind) found.push_back(plugin.second);
        }
        return found;
    }

private:
    void add(const char* kind, const char* name, std::vector<abi::Key> keys) { plugins_[{kind, name}] = std::move(keys); }

    std::map<std::pair<std::string, std::string>, std::vector<abi::Key>> plugins_;
};

}  // namespace keelson::test
