// A host with cgroups of version 1 alone.
#include <keelson/sdk/cgroup_driver.hpp>
#include <plugins/cgroup/common/driver.hpp>
#include <plugins/cgroup/common/version1.hpp>

namespace {

const keelson::cgroup::Version1 version1;

class Legacy final : public keelson::cgroup::Driver {
public:
    Legacy() : Driver({&version1, nullptr}) {}
};

}  // namespace

KEELSON_CGROUP_DRIVER("legacy", Legacy, .version = "0.1", .summary = "cgroups of version 1", .applies_to = "/sys/fs/cgroup",
                      .order = 30);
