// The path of an overlay rootfs: LOWER[:LOWER2...]:UPPER, all absolute.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::storage {

struct Layers {
    std::vector<std::string> lower;  ///< the first lies on top
    std::string upper;
    /// Beside the upper directory, as overlayfs wants both on one filesystem.
    std::string work() const;
};

/// Splits before each "/" that follows a colon, so a path may hold other colons. Throws if there are less than two paths.
Layers parse_layers(std::string_view path);
std::string to_path(const Layers& layers);
/// Is it that form at all?
bool looks_like_layers(std::string_view path);

}  // namespace keelson::storage
