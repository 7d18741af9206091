#include <gtest/gtest.h>

#include <keelson/sdk/error.hpp>

TEST(Error, ComposesMessageObjectAndCause) {
    const keelson::Error error(ENOENT, "/srv/web", "open", "create it");
    EXPECT_STREQ(error.what(), "open /srv/web: No such file or directory");
    EXPECT_EQ(error.hint(), "create it");
}
