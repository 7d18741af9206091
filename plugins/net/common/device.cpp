#include "device.hpp"

#include <linux/if.h>

#include <charconv>

namespace keelson::net {
namespace {

/// What is wrong with it, empty if nothing is; dev_valid_name() and __dev_alloc_name() of the kernel.
std::string fault_of_name(std::string_view name, bool may_count) {
    constexpr size_t longest = IFNAMSIZ - 1;
    if (name.size() > longest) return cat("it has more than ", longest, " bytes");
    if (name == "." || name == "..") return "it means a directory";
    constexpr std::string_view blanks_and_marks = " \t\n\v\f\r\xa0/:";
    if (const size_t bad = name.find_first_of(blanks_and_marks); bad != name.npos)
        return name[bad] == '/' || name[bad] == ':' ? cat("it has a ", name[bad]) : "it has a blank";
    const size_t percent = name.find('%');
    if (percent == name.npos) return {};
    if (!may_count) return "it has a %";
    const bool counts = name.substr(percent).starts_with("%d") && name.find('%', percent + 1) == name.npos;
    return counts ? std::string() : "it has a % that is not one %d";
}

void check_name(const sdk::Device& device, std::string_view key, const std::string& name, bool may_count) {
    if (const std::string fault = fault_of_name(name, may_count); !fault.empty())
        throw Error(EINVAL, key_name(device, key), cat("\"", name, "\" cannot be the name of a link, as ", fault, ","),
                    "1 to 15 letters, digits, - and _");
}

}  // namespace

std::string key_name(const sdk::Device& device, std::string_view key) { return cat("lxc.net.", device.index, ".", key); }

uint32_t parse_number(const sdk::Device& device, std::string_view key, const std::string& text, uint32_t least) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const char* begin = text.data() + (hexadecimal ? 2 : 0);
    const char* end = text.data() + text.size();
    uint32_t value = 0;
    const auto [rest, error] = std::from_chars(begin, end, value, hexadecimal ? 16 : 10);
    if (error != std::errc() || rest != end || value < least)
        throw Error(EINVAL, key_name(device, key), cat("\"", text, "\" is not a number from ", least));
    return value;
}

std::optional<uint32_t> number(const sdk::Context& context, const sdk::Device& device, std::string_view key, uint32_t least) {
    const std::string text = context.value(key);
    if (text.empty()) return std::nullopt;
    return parse_number(device, key, text, least);
}

std::string link_name(const sdk::Context& context, const sdk::Device& device, std::string_view key) {
    std::string name = context.value(key);
    check_name(device, key, name, false);
    return name;
}

void check_name_inside(const sdk::Context& context, const sdk::Device& device) {
    check_name(device, "name", context.value("name"), true);
}

LinkFacts required_link(HostLinks& links, const sdk::Context& context, const sdk::Device& device) {
    const std::string key = key_name(device, "link");
    const std::string name = context.value("link");
    if (name.empty()) throw Error(EINVAL, key, "no link is set", cat("set ", key, " to one of the host's links (ip link)"));
    if (std::optional<LinkFacts> link = links.find(name)) return *link;
    throw Error(ENODEV, name, "no such link on the host", cat("set ", key, " to one of the host's links (ip link)"));
}

}  // namespace keelson::net
