#include <gtest/gtest.h>
#include <plugins/cgroup/common/places.hpp>
#include <tests/support/fake_plugin_context.hpp>

namespace keelson::cgroup {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

Places places(Lines lines) {
    test::FakePluginContext container("c");
    container.lines = std::move(lines);
    return places_of(container.context());
}

TEST(Places, AreNamedAsLxcNamesThem) {
    EXPECT_EQ(places({}), (Places{"lxc.monitor.c", "lxc.payload.c", "lxc.payload.c", "lxc.pivot", false}));
    EXPECT_EQ(places({{"lxc.cgroup.dir", "d"}}),
              (Places{"d/lxc.monitor.c", "d/lxc.payload.c", "d/lxc.payload.c", "d/lxc.pivot", false}));
    EXPECT_EQ(places({{"lxc.cgroup.dir.monitor", "p/m"},
                      {"lxc.cgroup.dir.container", "p/c"},
                      {"lxc.cgroup.dir.container.inner", "ns"},
                      {"lxc.cgroup.dir.monitor.pivot", "p/v"}}),
              (Places{"p/m", "p/c", "p/c/ns", "p/v/lxc.pivot", true}));
    EXPECT_EQ(places({{"lxc.cgroup.pattern", "lxc/%n"}}),
              (Places{"lxc/c/monitor", "lxc/c/payload", "lxc/c/payload", "lxc.pivot", false}));
}

TEST(Places, ContradictionsNameTheKey) {
    const auto object = [](Lines lines) {
        try {
            places(std::move(lines));
        } catch (const Error& error) {
            return error.object();
        }
        return std::string("no error");
    };
    EXPECT_EQ(object({{"lxc.cgroup.dir.monitor", "m"}}), "lxc.cgroup.dir.monitor");
    EXPECT_EQ(object({{"lxc.cgroup.dir.container", "m"}}), "lxc.cgroup.dir.container");
    EXPECT_EQ(object({{"lxc.cgroup.dir.container.inner", "m"}}), "lxc.cgroup.dir.container.inner");
    EXPECT_EQ(object({{"lxc.cgroup.dir", "d"}, {"lxc.cgroup.dir.monitor", "m"}, {"lxc.cgroup.dir.container", "c"}}),
              "lxc.cgroup.dir");
}

}  // namespace
}  // namespace keelson::cgroup
