#include "resolvers.hpp"

#include <keelson/sdk/address.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <fcntl.h>

namespace keelson::net {
namespace {

constexpr size_t longest_file = 65536;

/// Empty if it cannot be read: then there is another place to look.
std::string read_file(const char* path) {
    const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
    std::string text;
    char part[4096];
    ssize_t size = 0;
    while (file && text.size() < longest_file && (size = ::read(file.get(), part, sizeof part)) > 0)
        text.append(part, static_cast<size_t>(size));
    return text;
}

std::string_view next_word(std::string_view& line) {
    constexpr std::string_view blanks = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace

std::vector<std::string> reachable_servers(std::string_view resolv_conf) {
    std::vector<std::string> servers;
    while (!resolv_conf.empty()) {
        std::string_view line = resolv_conf.substr(0, resolv_conf.find('\n'));
        resolv_conf.remove_prefix(std::min(line.size() + 1, resolv_conf.size()));
        if (next_word(line) != "nameserver") continue;
        const std::optional<sdk::IpAddress> address = sdk::IpAddress::parse(next_word(line));
        if (address && address->family == AF_INET && !address->loopback()) servers.push_back(address->text());
    }
    return servers;
}

std::vector<std::string> host_name_servers() {
    for (const char* path : {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf"})
        if (std::vector<std::string> servers = reachable_servers(read_file(path)); !servers.empty()) return servers;
    return {};
}

}  // namespace keelson::net
