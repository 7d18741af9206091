#include <plugins/templates/debian/apt_sources.hpp>

#include <gmock/gmock.h>

namespace {

using namespace keelson::templates;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(AptSources, ReadsLines) {
    const auto sources = parse_source_list(
        "# a comment\n"
        "deb http://deb.debian.org/debian bookworm main contrib # the archive\n"
        "deb-src http://deb.debian.org/debian bookworm main\n"
        "\tdeb [ arch=amd64 signed-by=/usr/share/keyrings/a.gpg ]\thttp://a.example/debian  bookworm-updates main\n"
        "#deb http://b.example/debian bookworm main\n"
        "deb [broken http://c.example/debian bookworm main\n"
        "deb http://d.example/flat ./\n"
        "debian");
    ASSERT_THAT(sources, SizeIs(3));
    EXPECT_THAT(sources[0].components, ElementsAre("main", "contrib"));
    EXPECT_EQ(sources[0].signed_by, "");
    EXPECT_EQ(sources[1].signed_by, "/usr/share/keyrings/a.gpg");
    EXPECT_THAT(sources[1].suites, ElementsAre("bookworm-updates"));
    EXPECT_THAT(sources[2].components, IsEmpty());
}

TEST(AptSources, ReadsStanzas) {
    const auto sources = parse_source_stanzas(
        "Types: deb deb-src\n"
        "# a comment\n"
        "URIs: http://deb.debian.org/debian\n"
        "suites: bookworm\n"
        "  bookworm-updates\n"
        "Components: main\n"
        "Signed-By:\n"
        " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
        " .\n"
        " mQINBF\n"
        "\n"
        "\n"
        "Enabled: no\n"
        "Types: deb\n"
        "URIs: http://off.example\n"
        "Suites: bookworm\n"
        "Components: main\n"
        "\n"
        "Types: deb-src\n"
        "URIs: http://source.example\n"
        "Suites: bookworm\n"
        "\n"
        "Types: deb\n"
        "Suites: no-uri\n");
    ASSERT_THAT(sources, SizeIs(1));
    EXPECT_THAT(sources[0].suites, ElementsAre("bookworm", "bookworm-updates"));
    EXPECT_EQ(sources[0].signed_by, "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF");
}

TEST(AptSources, WritesStanzasThatReadBack) {
    const std::vector<AptSource> sources = {
        {{"http://a.example"}, {"bookworm", "bookworm-updates"}, {"main"}, "\n -----BEGIN\n .\n key"},
        {{"http://b.example"}, {"bookworm-security"}, {"main"}, ""}};
    const auto again = parse_source_stanzas(to_stanzas(sources));
    ASSERT_THAT(again, SizeIs(2));
    EXPECT_EQ(again[0].signed_by, sources[0].signed_by);
    EXPECT_EQ(again[0].suites, sources[0].suites);
    EXPECT_EQ(again[1].uris, sources[1].uris);
}

std::vector<AptSource> machine() {
    return {
        {{"file:/srv/mirror", "http://mirror.example/debian"}, {"bookworm", "bookworm-updates"}, {"main", "contrib"}, "/k.gpg"},
        {{"https://third.example/node"}, {"bookworm"}, {"main"}, "/third.gpg"},
        {{"https://third.example/docker"}, {"bookworm"}, {"stable"}, "/third.gpg"},
        {{"https://third.example/sql"}, {"bookworm-pgdg"}, {"main"}, "/third.gpg"},
        {{"http://security.example"}, {"bookworm-security"}, {"main"}, "/k.gpg"}};
}

TEST(AptSources, LeavesThirdPartiesOut) {
    const auto sources = sources_for(machine(), "bookworm", "bookworm");
    ASSERT_THAT(sources, SizeIs(2));
    EXPECT_THAT(sources[0].uris, ElementsAre("http://mirror.example/debian"));
    EXPECT_THAT(sources[0].suites, ElementsAre("bookworm", "bookworm-updates"));
    EXPECT_THAT(sources[0].components, ElementsAre("main"));
    EXPECT_THAT(sources[1].suites, ElementsAre("bookworm-security"));
}

TEST(AptSources, PutsAnotherReleaseInPlaceOfTheMachines) {
    const auto sources = sources_for(machine(), "bookworm", "trixie");
    ASSERT_THAT(sources, SizeIs(2));
    EXPECT_THAT(sources[0].suites, ElementsAre("trixie", "trixie-updates"));
    EXPECT_THAT(sources[1].suites, ElementsAre("trixie-security"));
}

TEST(AptSources, KnowsThatSidHasNoUpdates) {
    const auto sources = sources_for(machine(), "bookworm", "sid");
    ASSERT_THAT(sources, SizeIs(1));
    EXPECT_THAT(sources[0].suites, ElementsAre("sid"));
}

TEST(AptSources, GivesNothingWithoutTheArchiveItself) {
    EXPECT_THAT(sources_for({machine()[4]}, "bookworm", "bookworm"), IsEmpty());
    EXPECT_THAT(sources_for({{{"cdrom:[Debian]/"}, {"bookworm"}, {"main"}, ""}}, "bookworm", "bookworm"), IsEmpty());
}

}  // namespace
