#include "device_rules.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>

namespace keelson::cgroup {

namespace {

constexpr const char* grammar = "a rule is a, or TYPE MAJOR:MINOR ACCESS, or (only to allow) /dev/PATH ACCESS";

[[noreturn]] void reject(std::string_view rule, const char* why) {
    throw Error(EINVAL, std::string(rule), cat("device rule: ", why), grammar);
}

std::string parse_access(std::string_view rule, std::string_view text) {
    if (text.empty() || text.size() > 3 || text.find_first_not_of("rwm") != std::string_view::npos)
        reject(rule, "the access is one to three of r, w and m");
    std::string access;
    for (const char c : std::string_view("rwm"))
        if (text.find(c) != std::string_view::npos) access += c;
    return access;
}

int64_t parse_device_number(std::string_view rule, std::string_view text) {
    if (text == "*") return -1;
    const auto number = sdk::parse_number<uint32_t>(text);
    if (!number) reject(rule, "a device number is decimal or *");
    return *number;
}

DeviceRule rule_for_node(std::string_view rule, const std::vector<std::string_view>& words) {
    const std::string path(words[0]);
    struct stat node {};
    if (::stat(path.c_str(), &node) != 0) throw Error::last("device rule: look at", path, grammar);
    if (!S_ISCHR(node.st_mode) && !S_ISBLK(node.st_mode)) reject(rule, "not a device");
    return {true, S_ISCHR(node.st_mode) ? 'c' : 'b', major(node.st_rdev), minor(node.st_rdev), parse_access(rule, words[1])};
}

DeviceRule parse_rule(bool allow, std::string_view rule) {
    const auto words = sdk::split(rule, ' ');
    if (allow && words.size() >= 2 && words[0].starts_with("/dev/")) return rule_for_node(rule, words);
    if (words.size() != 3) reject(rule, "it has three words");
    if (words[0] != "a" && words[0] != "b" && words[0] != "c") reject(rule, "the type is a, b or c");
    const size_t colon = words[1].find(':');
    if (colon == std::string_view::npos) reject(rule, "the numbers are MAJOR:MINOR");
    return {allow, words[0][0], parse_device_number(rule, words[1].substr(0, colon)),
            parse_device_number(rule, words[1].substr(colon + 1)), parse_access(rule, words[2])};
}

}  // namespace

void DeviceRules::add(std::string_view verb, std::string_view rule) {
    const bool allow = verb == "allow";
    if (!allow && verb != "deny") reject(rule, "it is allowed or denied");
    rule = sdk::trim(rule);
    if (rule == "a") {
        rules_.clear();
        allow_list_ = !allow;
        mode_given_ = true;
        return;
    }
    const DeviceRule parsed = parse_rule(allow, rule);
    const auto same = std::ranges::find_if(rules_, [&](const DeviceRule& other) { return other.same_devices(parsed); });
    if (same != rules_.end()) {
        same->allow = parsed.allow;
    } else {
        rules_.insert(rules_.begin(), parsed);
    }
}

std::vector<DeviceRule> DeviceRules::effective() const {
    std::vector<DeviceRule> effective;
    std::ranges::copy_if(rules_, std::back_inserter(effective),
                         [this](const DeviceRule& rule) { return rule.allow == allow_list_; });
    return effective;
}

std::string DeviceRules::warning() const {
    if (mode_given_ && allow_list_ && rules_.empty())
        return "lxc.cgroup2.devices.deny = a without a rule that allows something restricts nothing";
    if (!mode_given_ && !rules_.empty())
        return effective().empty() ? "device rules that only deny, without devices.allow = a before them, deny every device"
                                   : "device rules without devices.deny = a before them: whatever they do not allow is denied";
    return {};
}

}  // namespace keelson::cgroup
