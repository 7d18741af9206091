#include <gtest/gtest.h>

#include <kernel/process/idmap.hpp>

namespace keelson::process {
namespace {

using abi::IdKind;

const IdMap map({{IdKind::user, 0, 100000, 65536}, {IdKind::group, 0, 200000, 65536}, {IdKind::user, 70000, 1000, 1}});

TEST(IdMap, FindsHostIds) {
    EXPECT_EQ(map.host(IdKind::user, 0), 100000U);
    EXPECT_EQ(map.host(IdKind::group, 65535), 265535U);
    EXPECT_EQ(map.host(IdKind::user, 70000), 1000U);
    EXPECT_FALSE(map.host(IdKind::group, 65536));
}

TEST(IdMap, FirstFreeIdLiesBehindTheRanges) {
    EXPECT_EQ(map.first_free(IdKind::user), 65536U);
    EXPECT_EQ(IdMap({{IdKind::user, 5, 0, 5}}).first_free(IdKind::user), 0U);
}

TEST(IdMap, CallersIdsAreAddedOnce) {
    const IdMap wider = map.with_host_id(1000, 1000);
    EXPECT_EQ(wider.ranges().size(), map.ranges().size() + 1);
    EXPECT_EQ(wider.host(IdKind::group, 65536), 1000U);
}

TEST(IdMap, IdentityKeepsHostIds) { EXPECT_EQ(map.as_identity().host(IdKind::user, 100007), 100007U); }

}  // namespace
}  // namespace keelson::process
