// [host] The host's name servers, as far as a container can reach them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::net {

/// The IPv4 name servers of a resolv.conf(5) that are not on the host's own loopback link.
std::vector<std::string> reachable_servers(std::string_view resolv_conf);

/// Of /etc/resolv.conf; if those are only the host's own stub, of the files in which systemd-resolved and NetworkManager keep
/// the servers behind it. Empty if nothing is known.
std::vector<std::string> host_name_servers();

}  // namespace keelson::net
