#include "device.hpp"

#include <charconv>

namespace keelson::net {

std::string key_name(const sdk::Device& device, std::string_view key) { return cat("lxc.net.", device.index, ".", key); }

std::optional<uint32_t> number(const sdk::Context& context, const sdk::Device& device, std::string_view key) {
    const std::string text = context.value(key);
    if (text.empty()) return std::nullopt;
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const char* begin = text.data() + (hexadecimal ? 2 : 0);
    const char* end = text.data() + text.size();
    uint32_t value = 0;
    const auto [rest, error] = std::from_chars(begin, end, value, hexadecimal ? 16 : 10);
    if (error != std::errc() || rest != end || value == 0)
        throw Error(EINVAL, key_name(device, key), cat("\"", text, "\" is not a positive number"));
    return value;
}

void check_shared_keys(const sdk::Context& context, const sdk::Device& device) {
    number(context, device, "mtu");
    if (context.value("l2proxy") == "1")
        throw Error(
            ENOTSUP, key_name(device, "l2proxy"), cat("a network of type ", context.value("type"), " has no l2proxy"),
            cat("take the line out; for the host to answer for the container, ", key_name(device, "veth.mode"), " = router"));
}

LinkFacts required_link(HostLinks& links, const sdk::Context& context, const sdk::Device& device) {
    const std::string key = key_name(device, "link");
    const std::string name = context.value("link");
    if (name.empty()) throw Error(EINVAL, key, "no link is set", cat("set ", key, " to one of the host's links (ip link)"));
    if (std::optional<LinkFacts> link = links.find(name)) return *link;
    throw Error(ENODEV, name, "no such link on the host", cat("set ", key, " to one of the host's links (ip link)"));
}

}  // namespace keelson::net
