// Each way a plugin can be wrong ends in an error of its own: which file, what is wrong, what to do.
#include <kernel/plugins/plugin_host.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace keelson::plugins {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string folder(const std::string& name) { return cat(BAD_PLUGINS, "/", name); }
std::string file_of(const std::string& name) { return cat(folder(name), "/hook/", name, ".so"); }

/// The error of loading the hook `name` from `directories`.
Error failure(const std::vector<std::string>& directories, const std::string& name) {
    PluginHost host(directories);
    try {
        host.load("hook", name);
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << name << " was loaded";
    return {0, {}, {}};
}

Error failure(const std::string& name) { return failure({folder(name)}, name); }

/// A directory below the build tree with copies to spoil.
class Spoilt {
public:
    explicit Spoilt(const std::string& name)
        : path_(cat(BAD_PLUGINS, "/spoilt-", name, "-", ::getpid())), file_(path_ + "/hook/sound.so") {
        fs::create_directories(path_ + "/hook");
        fs::copy_file(file_of("sound"), file_);
    }
    ~Spoilt() { fs::remove_all(path_); }
    Spoilt(const Spoilt&) = delete;

    const std::string& path() const { return path_; }
    const std::string& file() const { return file_; }
    Error failure() const { return plugins::failure({path_}, "sound"); }

private:
    std::string path_, file_;
};

struct Expected {
    const char* name;
    const char* message;
    const char* hint;
};

class BadPlugin : public testing::TestWithParam<Expected> {};

TEST_P(BadPlugin, SaysWhatIsWrongAndWhatToDo) {
    const Error error = failure(GetParam().name);
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    EXPECT_THAT(error.what(), HasSubstr(file_of(GetParam().name)));
    EXPECT_THAT(error.hint(), HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(
    , BadPlugin,
    testing::Values(
        Expected{"no_descriptor", "no plugin descriptor (section .keelson.plugin) in", "KEELSON_NETWORK"},
        Expected{"wrong_magic", "(magic 0x12345678 instead of 0x4e534c4b)", "KEELSON_NETWORK"},
        Expected{"newer_major", "built for plugin interface 2.0, this Keelson speaks 1.0:", "build it again"},
        Expected{"newer_minor",
                 "built for plugin interface 1.1, this Keelson speaks 1.0:", "install a Keelson that speaks 1.1"},
        Expected{"other_size", "a plugin descriptor of 320 bytes, interface 1.0 has 328", "unchanged SDK headers"},
        Expected{"unknown_kind", "unknown kind 'hooks'", "net, storage"},
        Expected{"bad_name", "'../evil' cannot be a plugin's name", "letter or digit"},
        Expected{"endless_summary", "the summary has no end", ""},
        Expected{"hidden_symbol", "the symbol keelson_plugin is not what the file's descriptor says", "keelson_add_plugin()"},
        Expected{"undefined_symbol", "undefined symbol nobody_defines_this in", "LIBRARIES"},
        Expected{"missing_library", "library libbad_gone.so is missing, needed by", "install"},
        Expected{"opens_to_nothing", "opened to nothing, without giving a reason:", "return an object"},
        Expected{"throws_across_the_boundary", "crashed while it was loaded (SIGABRT):", "keelson plugin check"},
        Expected{"crashes_while_loading", "crashed while it was loaded (SIGSEGV):", "keelson plugin check"},
        Expected{"crashes_while_opening", "crashed while it was loaded (SIGSEGV):", "keelson plugin check"},
        Expected{"aborts", "crashed while it was loaded (SIGABRT):", "keelson plugin check"},
        Expected{"exhausts_the_stack", "crashed while it was loaded (SIGSEGV):", "keelson plugin check"},
        Expected{"foreign_key", "key 'lxc.rootfs.path' does not belong to hook foreign_key",
                 "begin with keelson.hook.foreign_key."},
        Expected{"unknown_key_type", "has a type or a flag that interface 1.0 does not know", "build it with the SDK"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(BadPlugins, TheSoundOneLoads) {
    PluginHost host({folder("sound")});
    const LoadedPlugin& plugin = host.load("hook", "sound");
    EXPECT_EQ(plugin.title(), "hook sound");
    EXPECT_EQ(plugin.file().version, "1.2");
    EXPECT_EQ(plugin.file().order, 7u);
    EXPECT_EQ(plugin.as<abi::StageHook>().stages(), 0u);
    EXPECT_EQ(&plugin, &host.load("hook", "sound"));
}

TEST(BadPlugins, KeysAreReadWithoutLoading) {
    PluginHost host({folder("sound"), folder("crashes_while_loading")});
    const std::vector<abi::Key>* keys = host.keys_of("hook", "sound");
    ASSERT_NE(keys, nullptr);
    ASSERT_EQ(keys->size(), 1u);
    EXPECT_STREQ(keys->front().name, "keelson.hook.sound.level");
    EXPECT_EQ(keys->front().type, abi::KeyType::number);
    EXPECT_EQ(host.keys_of("hook", "nothing"), nullptr);
    EXPECT_TRUE(host.keys_of("hook", "crashes_while_loading")->empty());
}

TEST(BadPlugins, AnAliasFindsThePlugin) {
    PluginHost host({folder("sound")});
    EXPECT_TRUE(host.knows("hook", "healthy"));
    EXPECT_EQ(&host.load("hook", "healthy"), &host.load("hook", "sound"));
    EXPECT_FALSE(host.knows("hook", "heal"));
}

TEST(BadPlugins, APluginsOwnReasonIsKept) {
    const Error error = failure("throws_while_opening");
    EXPECT_STREQ(error.what(), "open /dev/klt: No such device");
    EXPECT_EQ(error.hint(), "load the module klt");
    EXPECT_THAT(error.where(), testing::ElementsAre("opening plugin " + file_of("throws_while_opening")));
}

TEST(BadPlugins, NothingIsLoadedAfterACrash) {
    PluginHost host({folder("aborts"), folder("sound")});
    EXPECT_THROW(host.load("hook", "aborts"), Error);
    try {
        host.load("hook", "sound");
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("nothing more is loaded after a plugin crashed"));
    }
}

TEST(BadPlugins, OneBadFileLeavesTheOthersListed) {
    PluginHost host({folder("sound"), folder("newer_major")});
    std::vector<Error> broken;
    const std::vector<PluginFile> found = host.list("hook", &broken);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found.front().name, "sound");
    ASSERT_EQ(broken.size(), 1u);
    EXPECT_EQ(broken.front().object(), file_of("newer_major"));
}

TEST(BadPlugins, UnknownNamesTheNearMissAndThePlaces) {
    PluginHost host({folder("sound")});
    try {
        host.load("hook", "suond");
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "unknown plugin hook suond");
        EXPECT_THAT(error.hint(), HasSubstr("did you mean sound?"));
        EXPECT_THAT(error.hint(), HasSubstr(folder("sound")));
    }
    EXPECT_THROW(host.load("hook", "../hook/sound"), Error);
    EXPECT_THROW(host.load("hooks", "sound"), Error);
}

TEST(BadPlugins, NameUnlikeItsPlace) {
    const Spoilt spoilt("name");
    fs::rename(spoilt.file(), spoilt.path() + "/hook/another.so");
    const Error error = failure({spoilt.path()}, "another");
    EXPECT_THAT(error.what(), HasSubstr("plugin calls itself hook sound, but stands as hook another:"));
    EXPECT_EQ(error.hint(), "its place is hook/sound.so");
}

TEST(BadPlugins, KindUnlikeItsPlace) {
    const Spoilt spoilt("kind");
    fs::rename(spoilt.path() + "/hook", spoilt.path() + "/net");
    PluginHost host({spoilt.path()});
    std::vector<Error> broken;
    EXPECT_TRUE(host.list("net", &broken).empty());
    ASSERT_EQ(broken.size(), 1u);
    EXPECT_THAT(broken.front().what(), HasSubstr("plugin calls itself hook sound, but stands as net sound:"));
}

TEST(BadPlugins, TwoOfOneName) {
    const Spoilt spoilt("twice");
    const Error error = failure({spoilt.path(), folder("sound")}, "sound");
    EXPECT_STREQ(error.what(), "more than one plugin is called hook sound");
    EXPECT_THAT(error.hint(), HasSubstr(spoilt.file()));
    EXPECT_THAT(error.hint(), HasSubstr(file_of("sound")));
}

/// It is no second plugin of the name, and it may not be passed over either.
TEST(BadPlugins, OneThatCannotBeSeenJustNow) {
    const Spoilt spoilt("unseen");
    const std::string loop = spoilt.path() + "/loop";
    fs::create_symlink("loop", loop);
    const Error error = failure({spoilt.path(), loop}, "sound");
    EXPECT_EQ(error.code(), ELOOP) << error.what();
    EXPECT_THROW(PluginHost({spoilt.path(), loop}).applying("hook"), Error);
}

TEST(BadPlugins, NotElf) {
    const Spoilt spoilt("text");
    std::ofstream(spoilt.file()) << "#!/bin/sh\n";
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("not an ELF shared object: " + spoilt.file()));
}

TEST(BadPlugins, Empty) {
    const Spoilt spoilt("empty");
    fs::resize_file(spoilt.file(), 0);
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("not an ELF shared object: " + spoilt.file()));
}

TEST(BadPlugins, CutShort) {
    const Spoilt spoilt("short");
    fs::resize_file(spoilt.file(), fs::file_size(spoilt.file()) - 100);
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("cut short: " + spoilt.file()));
}

TEST(BadPlugins, AnotherMachine) {
    const Spoilt spoilt("machine");
    std::fstream(spoilt.file(), std::ios::in | std::ios::out | std::ios::binary).seekp(18).put(8);  // e_machine: MIPS
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("built for machine 8, this Keelson runs on "));
}

TEST(BadPlugins, NotAFile) {
    const Spoilt spoilt("fifo");
    fs::remove(spoilt.file());
    ASSERT_EQ(::mkfifo(spoilt.file().c_str(), 0600), 0);
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("not a regular file: " + spoilt.file()));
}

TEST(BadPlugins, FileWritableByOthers) {
    const Spoilt spoilt("writable");
    ASSERT_EQ(::chmod(spoilt.file().c_str(), 0666), 0);
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("mode 0666 lets others write " + spoilt.file()));
    EXPECT_THAT(spoilt.failure().hint(), HasSubstr("chmod go-w " + spoilt.file()));
}

TEST(BadPlugins, DirectoryWritableByOthers) {
    const Spoilt spoilt("folder");
    ASSERT_EQ(::chmod(spoilt.path().c_str(), 0775), 0);
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("mode 0775 lets others write " + spoilt.path()));
}

TEST(BadPlugins, StickyDirectoryOnTheWayIsFine) {
    const Spoilt spoilt("sticky");
    ASSERT_EQ(::chmod(spoilt.path().c_str(), 01777), 0);
    EXPECT_NO_THROW(PluginHost({spoilt.path()}).load("hook", "sound"));
}

TEST(BadPlugins, OwnedBySomebodyElse) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
    const Spoilt spoilt("owner");
    ASSERT_EQ(::chown(spoilt.file().c_str(), 12345, 12345), 0);
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("but uid 12345 owns " + spoilt.file()));
    EXPECT_THAT(spoilt.failure().hint(), HasSubstr("chown 0 " + spoilt.file()));
    ASSERT_EQ(::chown(spoilt.file().c_str(), 0, 0), 0);
    ASSERT_EQ(::chown(spoilt.path().c_str(), 12345, 12345), 0);
    EXPECT_THAT(spoilt.failure().what(), HasSubstr("but uid 12345 owns " + spoilt.path()));
}

/// How many of the links in `directory` lead to `file`; none of them may let it be opened for writing.
unsigned handles_on(const std::string& file, const std::string& directory) {
    unsigned found = 0;
    for (const auto& entry : fs::directory_iterator(directory)) {
        std::error_code gone;
        if (!fs::equivalent(entry.path(), file, gone)) continue;
        ++found;
        EXPECT_EQ(::open(entry.path().c_str(), O_WRONLY | O_CLOEXEC), -1) << entry.path();
        EXPECT_EQ(errno, EROFS) << entry.path();
    }
    return found;
}

/// What keeps CVE-2019-5736 away from plugins: no process can reopen the loaded file for writing, not even root's.
TEST(BadPlugins, LoadedFileCannotBeReopenedForWriting) {
    if (::geteuid() != 0) GTEST_SKIP() << "a mount is cloned with CAP_SYS_ADMIN only";
    const Spoilt spoilt("reopen");
    PluginHost host({spoilt.path()});
    host.load("hook", "sound");
    EXPECT_GT(handles_on(spoilt.file(), "/proc/self/map_files"), 0u);
    EXPECT_GT(handles_on(spoilt.file(), "/proc/self/fd"), 0u);
}

TEST(BadPlugins, NorCanOneThatALinkLeadsTo) {
    if (::geteuid() != 0) GTEST_SKIP() << "a mount is cloned with CAP_SYS_ADMIN only";
    const Spoilt spoilt("link");
    const std::string real = spoilt.path() + "/real.so";
    fs::rename(spoilt.file(), real);
    fs::create_symlink(real, spoilt.file());
    PluginHost host({spoilt.path()});
    host.load("hook", "sound");
    EXPECT_GT(handles_on(real, "/proc/self/map_files"), 0u);
    EXPECT_GT(handles_on(real, "/proc/self/fd"), 0u);
}

}  // namespace
}  // namespace keelson::plugins
