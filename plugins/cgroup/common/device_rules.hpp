// The device rules of lxc.cgroup2.devices.allow and .deny: their grammar and what a list of them means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keelson::cgroup {

struct DeviceRule {
    bool allow = false;
    /// 'a' (all), 'b', 'c'
    char type = 'a';
    /// -1: any
    int64_t major = -1, minor = -1;
    /// Any of "rwm", in that order.
    std::string access;

    bool same_devices(const DeviceRule& other) const noexcept {
        return type == other.type && major == other.major && minor == other.minor && access == other.access;
    }
};

/// A list and its mode. In the mode allow-list what no rule allows is denied, in the mode deny-list what no rule denies is
/// allowed; rules of the other sort have no effect. It begins as an empty allow-list.
class DeviceRules {
public:
    /// `verb`: "allow" or "deny". `rule`: "a" (empties the list and sets the mode), "TYPE MAJOR:MINOR ACCESS", or for allow
    /// "/dev/PATH ACCESS", whose node is looked at now. A rule that is there with the other verdict is turned around. Throws
    /// an Error whose object is the rule.
    void add(std::string_view verb, std::string_view rule);

    bool allow_list() const noexcept { return allow_list_; }
    bool empty() const noexcept { return rules_.empty(); }
    /// Those that have an effect in this mode.
    std::vector<DeviceRule> effective() const;
    /// A sentence when the rules say something else than their author probably meant; else empty.
    std::string warning() const;

private:
    bool allow_list_ = true;
    bool mode_given_ = false;
    std::vector<DeviceRule> rules_;
};

}  // namespace keelson::cgroup
