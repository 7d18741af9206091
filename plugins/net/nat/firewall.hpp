// [host] Masquerading, in a table of Keelson's own: inet keelson (nft(8)).
#pragma once

#include <string>

namespace keelson::net {

/// What leaves the subnet, but not for another of these subnets, gets the host's address. May repeat. Throws Error with what
/// nftables says.
void masquerade(const std::string& subnet);

/// Takes it back; with the last subnet the whole table. Success when it is gone already.
void stop_masquerading(const std::string& subnet, bool last);

}  // namespace keelson::net
