// The tree of a busybox container.
#pragma once

#include <string>
#include <vector>

namespace keelson::templates {

/// A busybox program of the host.
struct Busybox {
    std::string path;
    /// Needs the host's libraries, which the container's configuration binds.
    bool dynamic = false;
    /// Where its DHCP client looks for its script, "etc/udhcpc/default.script".
    std::string dhcp_script;
    std::vector<std::string> applets;
};

/// Looks at the program and runs it once, for the names of its applets. Throws keelson::Error.
Busybox inspect_busybox(const std::string& path);

/// Fills an empty rootfs. Throws keelson::Error.
void fill_rootfs(const std::string& rootfs, const Busybox& busybox);

}  // namespace keelson::templates
