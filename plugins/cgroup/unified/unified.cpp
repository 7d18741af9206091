// A host with cgroups of version 2 alone.
#include <keelson/sdk/cgroup_driver.hpp>
#include <plugins/cgroup/common/driver.hpp>
#include <plugins/cgroup/common/version2.hpp>

namespace {

const keelson::cgroup::Version2 version2;

class Unified final : public keelson::cgroup::Driver {
public:
    Unified() : Driver({nullptr, &version2}) {}
};

}  // namespace

KEELSON_CGROUP_DRIVER("unified", Unified, .version = "0.1", .summary = "cgroups of version 2",
                      .applies_to = "/sys/fs/cgroup/cgroup.controllers", .order = 10);
