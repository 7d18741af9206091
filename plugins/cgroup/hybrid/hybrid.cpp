// A host with both: hierarchies of version 1, and version 2 beside them at /sys/fs/cgroup/unified.
#include <keelson/sdk/cgroup_driver.hpp>
#include <plugins/cgroup/common/driver.hpp>
#include <plugins/cgroup/common/version1.hpp>
#include <plugins/cgroup/common/version2.hpp>

namespace {

const keelson::cgroup::Version1 version1;
const keelson::cgroup::Version2 version2;

class Hybrid final : public keelson::cgroup::Driver {
public:
    Hybrid() : Driver({&version1, &version2}) {}
};

}  // namespace

KEELSON_CGROUP_DRIVER("hybrid", Hybrid, .version = "0.1", .summary = "cgroups of version 1, and of version 2 beside them",
                      .applies_to = "/sys/fs/cgroup/unified/cgroup.controllers", .order = 20);
