// What makes of a bootstrapped Debian one that boots in a container.
#pragma once

#include <string>
#include <vector>

#include "apt_sources.hpp"

namespace keelson::templates {

/// May be repeated. Throws keelson::Error.
void prepare_debian(const std::string& rootfs, const std::string& name, const std::vector<AptSource>& sources);

}  // namespace keelson::templates
