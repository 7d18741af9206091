// A loop device that clears itself (loop(4)).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <string>

namespace keelson::storage {

struct LoopDevice {
    UniqueFd device;
    std::string path;
};

/// [host] A free device over an open image, with LO_FLAGS_AUTOCLEAR: it lives as long as the descriptor or a mount of it, so it
/// needs no record. Throws.
LoopDevice attach_loop(int image, bool read_only, const std::string& name_for_errors);

/// [host, may repeat] Is there a loop device over an open image, whoever has set it up? False where that cannot be seen.
bool has_loop(int image);

}  // namespace keelson::storage
