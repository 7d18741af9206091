// mmdebstrap or debootstrap, whichever the machine has, run over an empty rootfs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "apt_sources.hpp"

namespace keelson::templates {

struct BootstrapRequest {
    std::string rootfs;
    std::string release, variant, architecture;
    std::vector<std::string> packages;
    std::vector<AptSource> sources;
    /// A directory of the container's for files that the programs read.
    std::string scratch;
    /// Where fetched packages stay for the next container; empty: nowhere.
    std::string cache;
    std::function<void(std::string_view what, int percent)> step;
    /// Every line that the program prints.
    std::function<void(std::string_view line)> log;
};

/// Throws keelson::Error with the program's own error.
void bootstrap(const BootstrapRequest& request);

}  // namespace keelson::templates
