// The rootfs of a container as a copy of another's, by the backends' "keelson.storage.copy/1".
#pragma once

#include <kernel/container/storage.hpp>

#include <string>
#include <vector>

namespace keelson::container {

struct StorageCopyRequest {
    std::string type;  ///< the backend of the copy; empty: that of the original, or for a snapshot the first that can
    bool snapshot = false;
    uint64_t bytes = 0;  ///< 0: as large as the original, or the backend's default
};

class StorageCopier {
public:
    /// Finds and loads the backends that come into question. Throws for one that cannot copy.
    StorageCopier(const Storage& original, const StorageCopyRequest& request);

    /// Returns lxc.rootfs.path of the copy, with its prefix. Each change has its record. Throws.
    std::string copy(const Facts& facts, const config::Config& config, lifecycle::Journal& journal) const;

private:
    std::string copy_by(const plugins::LoadedPlugin& plugin, const CallContext& context, const Facts& facts) const;

    const Storage& original_;
    const StorageCopyRequest& request_;
    std::vector<const plugins::LoadedPlugin*> backends_;
};

/// True if the storage of a copy has parts of the original's in it; both are values of lxc.rootfs.path.
bool shares_storage(const std::string& original, const std::string& copy);

}  // namespace keelson::container
