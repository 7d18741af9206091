#include "device.hpp"

#include <charconv>

namespace keelson::net {

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

LinkFacts required_link(HostLinks& links, const sdk::Context& context, const sdk::Device& device) {
    const std::string key = key_name(device, "link");
    const std::string name = context.value("link");
    if (name.empty()) throw Error(EINVAL, key, "no link is set", cat("set ", key, " to one of the host's links (ip link)"));
    if (std::optional<LinkFacts> link = links.find(name)) return *link;
    throw Error(ENODEV, name, "no such link on the host", cat("set ", key, " to one of the host's links (ip link)"));
}

}  // namespace keelson::net
