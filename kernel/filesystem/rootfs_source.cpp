#include <kernel/filesystem/rootfs_source.hpp>

namespace keelson::filesystem {

RootfsSource rootfs_source(const config::Config& config) {
    const std::string value = config.get("lxc.rootfs.path");
    const size_t colon = value.starts_with('/') ? std::string::npos : value.find(':');
    if (colon == std::string::npos) return {{}, value};
    return {value.substr(0, colon), value.substr(colon + 1)};
}

}  // namespace keelson::filesystem
