// [host] What nf_tables hold of Keelson's, asked of the kernel itself: microseconds, where libnftables takes milliseconds.
#pragma once

#include <keelson/sdk/address.hpp>

namespace keelson::net {

/// Whether the table is there, with the subnet that the address is of: a firewall that is loaded anew may have flushed it. What
/// cannot be told is false, as to masquerade again does no harm.
bool is_masqueraded(const sdk::IpAddress& address);

}  // namespace keelson::net
