// Configurations from before LXC 2.1: their keys had other names (lxc-update-config(1)).
#pragma once

#include <string>
#include <string_view>

namespace keelson::cli {

/// The text with all such keys renamed, also in commented lines; the rest stays byte for byte. Network devices, which were
/// told apart by their order, get numbers; lxc.rootfs.backend becomes the prefix of lxc.rootfs.path; keys that mean nothing
/// any more lose their line.
std::string convert_legacy(std::string_view text);

/// Does the text have anything to convert?
bool has_legacy_keys(std::string_view text);

}  // namespace keelson::cli
