// Internet addresses as text and as the kernel wants them.
#pragma once

#include <keelson/sdk/error.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace keelson::sdk {

/// "ADDRESS" or "ADDRESS/PREFIX" of either family.
struct IpAddress {
    int family = AF_INET;
    std::array<unsigned char, 16> bytes{};
    std::optional<unsigned> prefix;

    unsigned size() const noexcept { return family == AF_INET ? 4 : 16; }
    unsigned bits() const noexcept { return size() * 8; }
    bool link_local() const noexcept {
        return family == AF_INET6 ? bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80 : bytes[0] == 169 && bytes[1] == 254;
    }
    bool loopback() const noexcept {
        if (family == AF_INET) return bytes[0] == 127;
        return bytes[15] == 1 && std::all_of(bytes.begin(), bytes.end() - 1, [](unsigned char b) { return b == 0; });
    }

    /// Without the prefix.
    std::string text() const {
        char buffer[INET6_ADDRSTRLEN];
        return ::inet_ntop(family, bytes.data(), buffer, sizeof buffer);
    }

    /// An IPv4 address as a number, for counting through a subnet.
    uint32_t number() const noexcept {
        return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
    }
    static IpAddress from_number(uint32_t number) noexcept {
        IpAddress address;
        for (unsigned i = 0; i < 4; ++i) address.bytes[i] = static_cast<unsigned char>(number >> (24 - 8 * i));
        return address;
    }

    /// As the kernel gives it, in network order.
    static IpAddress from_bytes(int family, std::string_view raw) noexcept {
        IpAddress address;
        address.family = family;
        std::copy_n(raw.begin(), std::min<size_t>(raw.size(), address.size()), address.bytes.begin());
        return address;
    }

    /// No value for anything else, prefixes beyond the family's bits included.
    static std::optional<IpAddress> parse(std::string_view text) {
        IpAddress address;
        if (const size_t slash = text.find('/'); slash != text.npos) {
            unsigned value = 0;
            const char* end = text.data() + text.size();
            const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, value);
            if (error != std::errc() || rest != end) return std::nullopt;
            address.prefix = value;
            text = text.substr(0, slash);
        }
        const std::string host(text);
        address.family = host.find(':') == host.npos ? AF_INET : AF_INET6;
        if (::inet_pton(address.family, host.c_str(), address.bytes.data()) != 1) return std::nullopt;
        if (address.prefix && *address.prefix > address.bits()) return std::nullopt;
        return address;
    }
};

}  // namespace keelson::sdk
