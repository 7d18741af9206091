#include <arpa/inet.h>
#include <sys/random.h>

#include <algorithm>
#include <kernel/base/near_miss.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/values.hpp>

namespace keelson::config::network {

namespace {

template <typename Address>
std::optional<Address> parse_address(int family, std::string_view text) {
    char copy[INET6_ADDRSTRLEN];
    Address address{};
    if (text.size() >= sizeof copy) return {};
    copy[text.copy(copy, sizeof copy)] = '\0';
    if (::inet_pton(family, copy, &address) != 1) return {};
    return address;
}

template <typename Address>
std::string show(int family, const Address& address) {
    char text[INET6_ADDRSTRLEN];
    return ::inet_ntop(family, &address, text, sizeof text);
}

struct WithPrefix {
    std::string_view address;
    std::optional<std::string_view> prefix;
};

WithPrefix split_prefix(std::string_view text) {
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos) return {text, {}};
    return {text.substr(0, slash), text.substr(slash + 1)};
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned longest) {
    const auto number = base::parse_unsigned(text);
    if (!number || *number > longest) return {};
    return static_cast<unsigned>(*number);
}

/// By the class of the address, as it was before prefixes were written.
unsigned classful_prefix(const in_addr& address) {
    const uint32_t first = ntohl(address.s_addr) >> 24;
    if (first < 128) return 8;
    return first < 192 ? 16 : 24;
}

bool needs_prefix(const abi::Key& key) { return std::string_view(key.choices) == "prefix"; }

class RandomDigits {
public:
    unsigned next() {
        if (used_ == sizeof bytes_) {
            if (::getrandom(bytes_, sizeof bytes_, 0) != static_cast<ssize_t>(sizeof bytes_))
                throw Error::last("draw random digits for", "a hardware address");
            used_ = 0;
        }
        return bytes_[used_++] % 16U;
    }

private:
    unsigned char bytes_[16];
    size_t used_ = sizeof bytes_;
};

}  // namespace

std::string address4(const abi::Key& key, std::string_view name, std::string_view raw) {
    const std::vector<std::string_view> words = base::words(raw);
    const WithPrefix first = split_prefix(words.front());
    const auto address = parse_address<in_addr>(AF_INET, first.address);
    if (!address || words.size() > 2) refuse(key, name, raw);
    if (!first.prefix && needs_prefix(key)) refuse(key, name, raw, "write ADDRESS/PREFIX");
    const auto prefix = first.prefix ? parse_prefix(*first.prefix, 32) : classful_prefix(*address);
    if (!prefix) refuse(key, name, raw, "the prefix is a number from 0 to 32");
    std::string value = cat(show(AF_INET, *address), '/', *prefix);
    if (words.size() == 2) {
        const auto broadcast = parse_address<in_addr>(AF_INET, words[1]);
        if (!broadcast) refuse(key, name, raw, "the second word is a broadcast address");
        value += ' ' + show(AF_INET, *broadcast);
    }
    return value;
}

std::string address6(const abi::Key& key, std::string_view name, std::string_view raw) {
    const WithPrefix parts = split_prefix(raw);
    const auto address = parse_address<in6_addr>(AF_INET6, parts.address);
    if (!address) refuse(key, name, raw);
    if (!parts.prefix && needs_prefix(key)) refuse(key, name, raw, "write ADDRESS/PREFIX");
    const auto prefix = parts.prefix ? parse_prefix(*parts.prefix, 128) : 64;
    if (!prefix) refuse(key, name, raw, "the prefix is a number from 0 to 128");
    return cat(show(AF_INET6, *address), '/', *prefix);
}

std::string gateway(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (raw == "auto" || raw == "dev") return std::string(raw);
    const std::string_view family = key.choices;
    if (family != "ipv6") {
        if (const auto address = parse_address<in_addr>(AF_INET, raw)) return show(AF_INET, *address);
    }
    if (family != "ipv4") {
        if (const auto address = parse_address<in6_addr>(AF_INET6, raw)) return show(AF_INET6, *address);
    }
    refuse(key, name, raw);
}

std::string hardware_address(std::string_view raw) {
    std::string value(raw);
    RandomDigits digits;
    for (size_t i = 0; i < value.size(); ++i) {
        if (value[i] != 'x' && value[i] != 'X') continue;
        unsigned digit = digits.next();
        if (i == 1) digit &= 0xeU;  // an odd first byte is a multicast address
        value[i] = "0123456789abcdef"[digit];
    }
    return value;
}

std::string type(std::string_view name, std::string_view raw, KeySource& plugins) {
    if (is_plugin_name(raw) && plugins.keys_of("net", raw) != nullptr) return std::string(raw);
    const std::vector<std::string> known = plugins.names("net");
    const std::string meant = base::near_miss(raw, known);
    throw Error(
        0, std::string(name), cat("no network plugin is called \"", raw, "\", as wanted by"),
        meant.empty() ? cat("there are ", known.empty() ? "none" : base::join(known, ", ")) : cat("did you mean ", meant, "?"));
}

}  // namespace keelson::config::network
