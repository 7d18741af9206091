#include "ownership.hpp"

#include <sys/random.h>
#include <keelson/sdk/patience.hpp>

#include <functional>

namespace keelson::net {
namespace {

constexpr std::string_view tag_prefix = "keelson:";
constexpr size_t longest_tag = 200;  // leaves room for a plugin's own words in the 255 bytes

void fill_random(void* data, size_t size) {
    if (::getrandom(data, size, 0) != static_cast<ssize_t>(size)) throw Error::last("get random bytes", {});
}

bool vanishes(const HostLinks& links, const std::string& name, unsigned index, std::chrono::milliseconds most) {
    return sdk::comes_true(most, [&] { return links.index_of(name) != index; });
}

}  // namespace

std::string ownership_tag(const sdk::Context& context) {
    std::string tag = cat(tag_prefix, context.lxcpath(), "/", context.name());
    if (tag.size() > longest_tag) {
        const std::string end = cat("#", stable_hash(tag));
        tag = tag.substr(0, longest_tag - end.size()) + end;
    }
    return tag;
}

uint32_t stable_hash(std::string_view text) noexcept {
    uint32_t value = 2166136261U;
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
    return value;
}

bool carries(std::string_view alias, std::string_view tag) noexcept {
    return alias.starts_with(tag) && (alias.size() == tag.size() || alias[tag.size()] == ' ');
}

std::string random_name(std::string_view prefix) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char bytes[6];
    fill_random(bytes, sizeof bytes);
    std::string name(prefix);
    for (const unsigned char byte : bytes) name += letters[byte % letters.size()];
    return name;
}

HardwareAddress random_hardware_address(unsigned char first) {
    HardwareAddress address{first};
    fill_random(address.data() + 1, address.size() - 1);
    return address;
}

void remove_owned(HostLinks& links, const std::string& name, std::string_view tag) {
    const unsigned index = links.index_of(name);
    constexpr std::chrono::milliseconds long_for_the_kernel(50);
    if (index == 0 || vanishes(links, name, index, long_for_the_kernel)) return;
    const std::optional<LinkFacts> link = links.find(index);
    if (link && link->name == name && carries(link->alias, tag)) links.remove(link->index);
}

bool becomes_free(HostLinks& links, const std::string& name) {
    const std::optional<LinkFacts> link = links.find(name);
    return !link || (link->alias.starts_with(tag_prefix) && vanishes(links, name, link->index, sdk::patience_with_the_ended));
}

}  // namespace keelson::net
