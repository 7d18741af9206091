#include <algorithm>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/key_lookup.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/lint.hpp>
#include <kernel/config/loader.hpp>
#include <kernel/config/values.hpp>

namespace keelson::config {

namespace {

class Linter final : public LineObserver {
public:
    explicit Linter(KeySource& plugins) : state_(plugins), loader_(state_, this) {}

    std::vector<Problem> check(const std::string& path) {
        loader_.load_file(path);
        check_devices();
        check_namespaces();
        return std::move(problems_);
    }

    void failed(const Error& error) override { problems_.push_back({error, false}); }

    void foreign(std::string_view line, const Origin& origin) override {
        const size_t begin = line.find_first_not_of(" \t\r\n");
        if (begin == std::string_view::npos || line[begin] == '#') return;
        warn(origin, begin + 1, "a line that begins with neither lxc. nor keelson. is ignored,", "put # before a comment");
    }

    void cut(const Origin& origin) override {
        warn(origin, 1, "a NUL byte: what follows it is ignored,", "remove it; the file must be text");
    }

    void assigned(const Assignment& line, const Origin& origin) override {
        const size_t column = line.key_at + 1;
        const Place here{origin, column};
        const std::string name = canonical_key(line.key);
        const Entry* const entry = state_.find(name);
        check_repetition(name, entry, line.value.empty(), here);
        if (line.value.empty()) return;
        if (entry != nullptr) check_value(name, *entry, line.value, here);
        last_.push_back({name, here});
    }

private:
    struct Place {
        Origin origin;
        size_t column = 1;
    };
    struct Said {
        std::string key;
        Place place;
    };

    void warn(const Origin& origin, size_t column, std::string message, std::string hint) {
        problems_.push_back(
            {Error(0, cat(origin.file, ':', origin.line, ':', column), message + " in", std::move(hint)), true});
    }
    void warn(const Place& place, std::string message, std::string hint) {
        warn(place.origin, place.column, std::move(message), std::move(hint));
    }

    /// The place of the last line of this key in the same file, unless it is the one at hand.
    const Place* earlier(std::string_view key, const Place& here) const {
        const auto found = std::find_if(last_.rbegin(), last_.rend(), [&](const Said& said) { return said.key == key; });
        return found == last_.rend() || found->place.origin.file != here.origin.file ? nullptr : &found->place;
    }

    void check_repetition(const std::string& name, const Entry* entry, bool clears, const Place& here) {
        const auto device = device_key(name);
        if (device && device->rest == "type") {
            const std::string prefix = device->prefix();
            const auto before = std::ranges::find_if(last_, [&](const Said& said) { return said.key.starts_with(prefix); });
            if (before != last_.end())
                warn(here, cat(name, " forgets what line ", before->place.origin.line, " says of the device,"),
                     "make it the first line of the device");
            std::erase_if(last_, [&](const Said& said) { return said.key.starts_with(prefix); });
            return;
        }
        const bool scalar = entry != nullptr && entry->declared != nullptr && !has_flag(*entry->declared, abi::key_list) &&
                            entry->declared->type != abi::KeyType::duration;
        const Place* const before = earlier(name, here);
        if (scalar && !clears && before != nullptr)
            warn(here, cat(name, " is set again, so line ", before->origin.line, " has no effect,"), "remove one of the lines");
        if (clears)
            std::erase_if(last_, [&](const Said& said) { return said.key == name || said.key.starts_with(name + "."); });
    }

    void check_value(const std::string& name, const Entry& entry, std::string_view raw, const Place& here) {
        if (entry.declared == nullptr)
            return warn(here, cat("there is no plugin that ", name, " would mean anything to,"),
                        "install it, or remove the line");
        const uint32_t type = static_cast<uint32_t>(entry.declared->type);
        if (type == own::network_flags && raw != "up")
            warn(here, cat(name, " = ", raw, " means up, as everything but an empty value does,"),
                 "to leave the device down, remove the line");
        if (type == own::interface_name && entry.value != raw)
            warn(here, cat(name, " = ", raw, " is cut to ", entry.value, ","), "interface names have at most 15 bytes");
        if (type == own::tmpfs_size && entry.value != raw)
            warn(here, cat(name, " = ", raw, " is no number of bytes, so the default is used,"),
                 "units are not understood here");
        if (type == static_cast<uint32_t>(abi::KeyType::address4) && raw.find('/') == std::string_view::npos)
            warn(here, cat(name, " has no prefix, so its class gives one: ", entry.value, ","), "write ADDRESS/PREFIX");
        if (type == own::rootfs_source) check_source(name, entry.value, here);
        if (name == "lxc.keyring.session" && entry.value == "1")
            warn(here, cat(name, " = 1 keeps the session keyring of who starts the container,"),
                 "0, the default, makes a new one");
        if (name.starts_with("lxc.cgroup2.devices.")) devices_.push_back({name, std::string(raw), here});
    }

    void check_source(const std::string& name, const std::string& value, const Place& here) {
        const size_t colon = value.find(':');
        const std::string_view prefix = std::string_view(value).substr(0, colon);
        const bool strange =
            colon != std::string::npos && is_plugin_name(prefix) && storage_prefix(value, state_.plugins).empty();
        if (strange)
            warn(here, cat("no storage plugin ", prefix, " is installed, so all of ", name, " is taken as a path,"),
                 "install the plugin, or begin the path with /");
    }

    /// cgroup v2 knows no list: rules become a program, which allows nothing by itself (docs of lxc.cgroup2.devices).
    void check_devices() {
        if (devices_.empty()) return;
        const auto rule_for_all = [](const DeviceRule& rule) { return rule.value == "a"; };
        if (std::ranges::all_of(devices_, rule_for_all) && devices_.back().key.ends_with(".deny"))
            warn(devices_.back().place, "lxc.cgroup2.devices.deny = a alone restricts nothing,",
                 "add what is allowed, such as c 1:3 rwm");
        if (std::ranges::none_of(devices_, rule_for_all))
            warn(devices_.front().place, "without a rule \"a\" every device that is not allowed is denied,",
                 "begin with lxc.cgroup2.devices.deny = a, or allow = a");
    }

    void check_namespaces() {
        const bool maps = is_set("lxc.idmap"), shares_mounts = is_set("lxc.namespace.share.mnt");
        if (const Place* const keep = find_said("lxc.namespace.keep"); keep != nullptr && is_set("lxc.namespace.keep")) {
            if (!lists("lxc.namespace.keep", "user") && !maps)
                warn(*keep, "lxc.namespace.keep without user makes a user namespace, and there is no lxc.idmap for it,",
                     "add user to it");
            if (lists("lxc.namespace.keep", "mnt") && !shares_mounts)
                warn(*keep, "with the host's mount namespace no container starts,", "take mnt out of lxc.namespace.keep");
        }
        if (const Place* const clone = find_said("lxc.namespace.clone"); clone != nullptr && is_set("lxc.namespace.clone"))
            if (!lists("lxc.namespace.clone", "mnt") && !shares_mounts)
                warn(*clone, "without a mount namespace of its own no container starts,", "add mnt to lxc.namespace.clone");
    }

    bool is_set(std::string_view key) const { return state_.find(key) != nullptr; }
    bool lists(std::string_view key, std::string_view value) const {
        return std::ranges::any_of(state_.entries,
                                   [&](const Entry& entry) { return entry.key == key && entry.value == value; });
    }

    const Place* find_said(std::string_view key) const {
        const auto found = std::ranges::find(last_, key, &Said::key);
        return found == last_.end() ? nullptr : &found->place;
    }

    struct DeviceRule {
        std::string key, value;
        Place place;
    };

    Config::State state_;
    Loader loader_;
    std::vector<Problem> problems_;
    std::vector<Said> last_;
    std::vector<DeviceRule> devices_;
};

}  // namespace

std::vector<Problem> lint(const std::string& path, KeySource& plugins) { return Linter(plugins).check(path); }

}  // namespace keelson::config
