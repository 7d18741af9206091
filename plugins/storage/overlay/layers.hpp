// The path of an overlay rootfs: LOWER[:LOWER2...]:UPPER, all absolute.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::storage {

struct Layers {
    std::vector<std::string> lower;  ///< the first lies on top
    std::string upper;
    /// Beside the upper directory, as overlayfs wants both on one filesystem, and with a name that no other upper directory has
    /// its work in: "UPPER.work", or where containers are made with an upper directory "overlay/delta", "overlay/work" as LXC
    /// does it.
    std::string work() const;
    /// Where LXC has its work for any upper directory: one for all that lie in the same directory.
    std::string work_of_lxc() const;
    bool operator==(const Layers&) const = default;
};

/// Splits before each "/" that follows a colon, so a path may hold other colons. Throws if there are less than two paths.
Layers parse_layers(std::string_view path);
/// Throws if that would be split in other places.
std::string to_path(const Layers& layers);
/// Is it that form at all?
bool looks_like_layers(std::string_view path);

}  // namespace keelson::storage
