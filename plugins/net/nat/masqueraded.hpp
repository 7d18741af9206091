// [host] What nf_tables hold of Keelson's, asked of the kernel itself: microseconds, where libnftables takes milliseconds.
#pragma once

#include <keelson/sdk/address.hpp>

namespace keelson::net {

/// Whether the table is there, with this subnet in it: a firewall that is loaded anew may have flushed it.
bool is_masqueraded(const sdk::IpAddress& subnet);

}  // namespace keelson::net
