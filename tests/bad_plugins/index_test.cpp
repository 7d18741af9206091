// The index of the plugins is believed only while everything is as it was when it was written, and nothing depends on it.
#include <keelson/sdk/unique_fd.hpp>
#include <kernel/plugins/plugin_host.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

namespace keelson::plugins {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string sound = cat(BAD_PLUGINS, "/sound/hook/sound.so");
constexpr std::string_view summary = "a plugin with nothing wrong", other_summary = "a plugin with another voice";
static_assert(summary.size() == other_summary.size());

std::string content_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Into the file that is there, without making it shorter meanwhile.
void write_into(const std::string& file, const std::string& content) {
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0700));
    ASSERT_EQ(::write(fd.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(content.size())), 0);
}

/// What happens to a file meanwhile that inotify(7) tells of it.
unsigned events(uint32_t mask, const std::string& file, const std::function<void()>& meanwhile) {
    const UniqueFd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    EXPECT_GE(::inotify_add_watch(watch.get(), file.c_str(), mask), 0);
    meanwhile();
    alignas(inotify_event) char buffer[4096];
    return ::read(watch.get(), buffer, sizeof buffer) > 0;
}

/// A directory with the hook "sound", old enough for an index, and a place for that. Those of all tests grow old together.
class PluginIndex : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const auto& suite = *testing::UnitTest::GetInstance()->current_test_suite();
        for (int i = 0; i < suite.total_test_count(); ++i) {
            if (!suite.GetTestInfo(i)->should_run()) continue;
            const std::string folder = cat(directory_of(*suite.GetTestInfo(i)), "/plugins/hook");
            fs::create_directories(folder);
            fs::copy_file(sound, folder + "/sound.so");
        }
        settle();
    }
    void SetUp() override {
        EXPECT_EQ(summaries(), just(summary));
        ASSERT_TRUE(fs::exists(index_));
    }
    void TearDown() override { fs::remove_all(path_); }

    static std::string directory_of(const testing::TestInfo& test) {
        return cat(BAD_PLUGINS, "/index-", ::getpid(), "-", test.name());
    }
    /// Time stamps are coarse: what changed within the last two seconds is not kept.
    static void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(2100)); }

    PluginHost host() const { return PluginHost({plugins_}, index_); }
    std::vector<std::string> summaries() const {
        std::vector<std::string> found;
        for (const PluginFile& file : host().list("hook")) found.push_back(file.summary);
        return found;
    }
    static std::vector<std::string> just(std::string_view one) { return {std::string(one)}; }
    std::string changed_plugin() const {
        std::string content = content_of(file_);
        return content.replace(content.find(summary), summary.size(), other_summary);
    }
    std::string failure() const {
        try {
            host().load("hook", "sound");
        } catch (const Error& error) {
            return error.what();
        }
        return "loaded";
    }
    bool is_opened_by(const std::function<void()>& meanwhile) const { return events(IN_OPEN, file_, meanwhile) != 0; }
    bool is_believed() const {
        return !is_opened_by([&] { summaries(); });
    }

    const std::string path_ = directory_of(*testing::UnitTest::GetInstance()->current_test_info());
    const std::string plugins_ = path_ + "/plugins", file_ = plugins_ + "/hook/sound.so", index_ = path_ + "/run/index";
};

TEST_F(PluginIndex, FilesThatItKnowsAreNotOpened) {
    EXPECT_FALSE(is_opened_by([&] {
        PluginHost known = host();
        EXPECT_EQ(known.names("hook"), just("sound"));
        EXPECT_EQ(known.file("hook", "healthy").version, "1.2");
        EXPECT_STREQ(known.keys_of("hook", "sound")->front().name, "keelson.hook.sound.level");
        EXPECT_FALSE(known.knows("hook", "nothing"));
    }));
    EXPECT_EQ(host().load("hook", "sound").as<abi::StageHook>().stages(), 0u);
}

TEST_F(PluginIndex, AddedAndRemovedOnesAreSeenAtOnce) {
    fs::copy_file(sound, plugins_ + "/hook/another.so");
    EXPECT_EQ(host().names("hook"), (std::vector<std::string>{"another", "sound"}));
    fs::remove(plugins_ + "/hook/another.so");
    EXPECT_EQ(host().names("hook"), just("sound"));
    fs::create_directory(plugins_ + "/net");
    fs::rename(file_, plugins_ + "/net/sound.so");
    EXPECT_THAT(summaries(), IsEmpty());
    EXPECT_EQ(host().names("net"), just("sound"));
}

TEST_F(PluginIndex, OneThatALinkLeadsToIsListedAndFollowed) {
    fs::rename(file_, path_ + "/real.so");
    fs::create_symlink(path_ + "/real.so", file_);
    settle();
    EXPECT_EQ(summaries(), just(summary));
    const std::string before = content_of(index_);
    EXPECT_EQ(host().names("hook"), just("sound"));
    EXPECT_EQ(host().load("hook", "sound").file().version, "1.2");
    EXPECT_EQ(content_of(index_), before);
    write_into(path_ + "/real.so", changed_plugin());
    EXPECT_EQ(summaries(), just(other_summary));
}

TEST_F(PluginIndex, AChangeInPlaceIsSeenAtOnceThoughSizeAndTimeAreAsBefore) {
    struct stat before {};
    ASSERT_EQ(::stat(file_.c_str(), &before), 0);
    write_into(file_, changed_plugin());
    const timespec times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
    EXPECT_EQ(summaries(), just(other_summary));
    settle();
    EXPECT_EQ(summaries(), just(other_summary));
    EXPECT_TRUE(is_believed());
}

TEST_F(PluginIndex, AnotherFileInItsPlaceIsSeenAtOnce) {
    write_into(path_ + "/new.so", changed_plugin());
    fs::rename(path_ + "/new.so", file_);
    EXPECT_EQ(summaries(), just(other_summary));
}

TEST_F(PluginIndex, WhatIsLoadedIsWhatStandsThereThen) {
    PluginHost known = host();
    EXPECT_EQ(known.file("hook", "sound").summary, summary);
    write_into(path_ + "/new.so", changed_plugin());
    fs::rename(path_ + "/new.so", file_);
    EXPECT_EQ(known.load("hook", "sound").file().summary, other_summary);
}

TEST_F(PluginIndex, WhatIsNotToBeTrustedAnyMoreIsNotLoadedThoughItWasKnown) {
    PluginHost known = host();
    EXPECT_EQ(known.file("hook", "sound").summary, summary);
    ASSERT_EQ(::chmod(file_.c_str(), 0777), 0);
    EXPECT_THROW(known.load("hook", "sound"), Error);
}

TEST_F(PluginIndex, WhoeverMayWriteIsLookedAtEachTime) {
    for (const std::string& each : {path_, plugins_, plugins_ + "/hook", file_}) {
        ASSERT_EQ(::chmod(each.c_str(), 0775), 0);
        EXPECT_THAT(failure(), HasSubstr("mode 0775 lets others write " + each));
        ASSERT_EQ(::chmod(each.c_str(), 0755), 0);
    }
    if (::geteuid() != 0) return;
    for (const std::string& each : {path_, plugins_, plugins_ + "/hook", file_}) {
        ASSERT_EQ(::chown(each.c_str(), 12345, 0), 0);
        EXPECT_THAT(failure(), HasSubstr("but uid 12345 owns " + each));
        ASSERT_EQ(::chown(each.c_str(), 0, 0), 0);
    }
    EXPECT_EQ(failure(), "loaded");
}

TEST_F(PluginIndex, DamageAtAnyByteIsSeenAndMended) {
    const std::string whole = content_of(index_);
    for (size_t at = 0; at < whole.size(); ++at) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
        write_into(index_, damaged);
        ASSERT_EQ(summaries(), just(summary)) << "byte " << at;
        ASSERT_EQ(content_of(index_), whole) << "byte " << at;
    }
}

TEST_F(PluginIndex, OneThatIsCutShortOrGoesOnIsMended) {
    const std::string whole = content_of(index_);
    for (size_t size = 0; size < whole.size(); ++size) {
        write_into(index_, whole.substr(0, size));
        ASSERT_EQ(summaries(), just(summary)) << size << " bytes";
        ASSERT_EQ(content_of(index_), whole) << size << " bytes";
    }
    write_into(index_, whole + whole);
    EXPECT_EQ(summaries(), just(summary));
    EXPECT_EQ(content_of(index_), whole);
}

TEST_F(PluginIndex, OneThatOthersHadAHandInIsReplaced) {
    EXPECT_TRUE(is_believed());
    ASSERT_EQ(::chmod(index_.c_str(), 0620), 0);
    EXPECT_FALSE(is_believed());
    EXPECT_TRUE(is_believed());
    fs::rename(index_, path_ + "/elsewhere");
    fs::create_symlink(path_ + "/elsewhere", index_);
    EXPECT_FALSE(is_believed());
    EXPECT_TRUE(is_believed());
    EXPECT_FALSE(fs::is_symlink(index_));
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown(index_.c_str(), 12345, 0), 0);
    EXPECT_FALSE(is_believed());
    EXPECT_TRUE(is_believed());
}

TEST_F(PluginIndex, OneOfOtherDirectoriesIsNoUse) {
    EXPECT_THAT(PluginHost({path_ + "/nothing"}, index_).names("hook"), IsEmpty());
    fs::create_directories(path_ + "/more/hook");
    PluginHost both({plugins_, path_ + "/more"}, index_);
    EXPECT_EQ(both.names("hook"), just("sound"));
    fs::copy_file(sound, path_ + "/more/hook/sound.so");
    EXPECT_THROW(PluginHost({plugins_, path_ + "/more"}, index_).load("hook", "sound"), Error);
}

TEST_F(PluginIndex, ARelativeDirectoryIsTheOneMeantNow) {
    const fs::path before = fs::current_path();
    fs::current_path(path_);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(PluginHost({"plugins"}, index_).load("hook", "sound").file().summary, summary);
    fs::create_directories(path_ + "/elsewhere/plugins/hook");
    fs::current_path(path_ + "/elsewhere");
    EXPECT_THAT(PluginHost({"plugins"}, index_).names("hook"), IsEmpty());
    fs::current_path(before);
}

TEST_F(PluginIndex, ABrokenFileIsReportedEachTime) {
    write_into(plugins_ + "/hook/broken.so", "no plugin");
    settle();
    for (int i = 0; i < 2; ++i) {
        std::vector<Error> broken;
        EXPECT_EQ(host().list("hook", &broken).size(), 1u);
        ASSERT_EQ(broken.size(), 1u);
        EXPECT_THAT(broken.front().what(), HasSubstr("not an ELF shared object"));
    }
    EXPECT_TRUE(is_believed());
}

TEST_F(PluginIndex, WhatIsYoungIsNotKept) {
    fs::remove(index_);
    ASSERT_EQ(::chmod(file_.c_str(), 0700), 0);
    EXPECT_EQ(summaries(), just(summary));
    EXPECT_FALSE(fs::exists(index_));
}

TEST_F(PluginIndex, NothingDependsOnAPlaceForIt) {
    for (const std::string place : {"/dev/null/index", "/proc/index", ""}) {
        PluginHost without({plugins_}, place);
        EXPECT_EQ(without.names("hook"), just("sound"));
        EXPECT_EQ(without.load("hook", "sound").file().version, "1.2");
    }
}

TEST_F(PluginIndex, ManyWritersLeaveOneWholeIndexAndNothingElse) {
    const std::string whole = content_of(index_);
    std::vector<pid_t> writers;
    for (int i = 0; i < 4; ++i) {
        writers.push_back(::fork());
        if (writers.back() != 0) continue;
        bool right = true;
        for (int round = 0; round < 100; ++round) {
            ::unlink(index_.c_str());
            right = right && summaries() == just(summary);
        }
        ::_exit(right ? 0 : 1);
    }
    for (const pid_t writer : writers) {
        int status = -1;
        ASSERT_EQ(::waitpid(writer, &status, 0), writer);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(summaries(), just(summary));
    EXPECT_EQ(content_of(index_), whole);
    EXPECT_EQ(std::distance(fs::directory_iterator(path_ + "/run"), {}), 1);
}

}  // namespace
}  // namespace keelson::plugins
