#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <kernel/base/file.hpp>
#include <tests/support/fake_keys.hpp>
#include <tests/support/temporary_directory.hpp>

namespace {

using namespace keelson;
using config::Config;
using testing::ElementsAre;
using testing::HasSubstr;

struct Include : testing::Test {
    Error failure(const std::string& path) {
        try {
            subject.load(path);
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "no error";
        return {0, "", ""};
    }

    test::FakeKeys plugins;
    test::TemporaryDirectory directory;
    Config subject{plugins};
};

TEST_F(Include, StandsWhereItsLineStands) {
    const std::string part = directory.write("part", "lxc.uts.name = inner\nlxc.environment = B=2\n");
    const std::string main = directory.write("main", cat("lxc.uts.name = outer\nlxc.environment = A=1\nlxc.include = ", part,
                                                         "\nlxc.environment = C=3\nlxc.include =\n"));
    subject.load(main);
    EXPECT_EQ(subject.get("lxc.uts.name"), "inner");
    EXPECT_THAT(subject.list("lxc.environment"), ElementsAre("A=1", "B=2", "C=3"));
    EXPECT_EQ(subject.text(), base::read_file(main)) << "included lines are not part of the text";
    EXPECT_EQ(subject.path(), main);
    EXPECT_EQ(subject.entries().front().origin.file, part);
    EXPECT_EQ(subject.entries().front().origin.line, 1u);
}

TEST_F(Include, ReadsADirectoryInOrderOfNames) {
    base::make_directories(directory / "d/x.conf", 0700);
    directory.write("d/20-b.conf", "lxc.environment = A=20\n");
    directory.write("d/10-a.conf", "lxc.environment = A=10\n");
    directory.write("d/.x.conf", "lxc.environment = A=hidden\n");
    directory.write("d/.conf", "lxc.environment = A=too-short\n");
    directory.write("d/README", "lxc.bogus = 1\n");
    subject.load(directory.write("main", cat("lxc.include = ", directory / "d", "\n")));
    EXPECT_THAT(subject.list("lxc.environment"), ElementsAre("A=hidden", "A=10", "A=20"));
}

TEST_F(Include, MissesADirectoryWithASlashSilentlyOnly) {
    subject.load(directory.write("main", cat("lxc.include = ", directory / "none/", "\n")));
    const Error error = failure(directory.write("other", cat("# x\n  lxc.include = ", directory / "none", "\n")));
    EXPECT_EQ(error.code(), ENOENT);
    EXPECT_EQ(error.object(), (directory / "other") + ":2:3");
}

TEST_F(Include, RefusesAFileThatIncludesItself) {
    const std::string main = directory / "main";
    directory.write("main", cat("lxc.include = ", main, "\n"));
    EXPECT_EQ(failure(main).code(), ELOOP);
}

TEST_F(Include, RefusesFilesThatEachIncludeTheNextTwice) {
    constexpr int files = 30;
    for (int i = 0; i < files; ++i) {
        const std::string line = cat("lxc.include = ", directory / cat("part", i + 1), "\n");
        directory.write(cat("part", i), line + line);
    }
    directory.write(cat("part", files), "");
    EXPECT_EQ(failure(directory / "part0").code(), EFBIG);
}

TEST_F(Include, TellsWhereAnErrorIsAndWhoIncludedIt) {
    const std::string part = directory.write("part", "\nlxc.tty.max = many\n");
    const std::string main = directory.write("main", cat("lxc.include = ", part, "\n"));
    const Error error = failure(main);
    EXPECT_EQ(error.object(), part + ":2:1");
    EXPECT_THAT(error.where(), ElementsAre(cat("included at ", main, ":1")));
    EXPECT_STREQ(error.what(),
                 cat("expected a number from 0 to 4294967295, not \"many\", for lxc.tty.max, in ", part, ":2:1").c_str());
}

TEST_F(Include, NamesTheFileThatCannotBeRead) { EXPECT_EQ(failure(directory / "none").object(), directory / "none"); }

struct Message {
    const char* text;
    const char* says;
    const char* hint;
};

TEST_F(Include, ErrorsSayWhatToDo) {
    const Message messages[] = {
        {" lxc.uts.nmae = x", "unknown key lxc.uts.nmae, in c.conf:1:2", "did you mean lxc.uts.name?"},
        {"lxc.uts.name", "expected \"KEY = VALUE\", found no '=' after lxc.uts.name, in c.conf:1:1", ""},
        {"lxc.start.auto = yes", "expected 0 or 1, not \"yes\", for lxc.start.auto, in c.conf:1:1", ""},
        {"lxc.hook.version = 7", "expected a number from 0 to 1, not \"7\", for lxc.hook.version, in c.conf:1:1", ""},
        {"lxc.net.0.type = vteh", "no network plugin is called \"vteh\", as wanted by lxc.net.0.type, in c.conf:1:1",
         "did you mean veth?"},
        {"lxc.net.0.type = wireguard", "no network plugin is called \"wireguard\", as wanted by lxc.net.0.type, in c.conf:1:1",
         "there are empty, macvlan, none, veth"},
        {"lxc.net.0.veth.pair = x", "a device of type empty has no key lxc.net.0.veth.pair, in c.conf:1:1",
         "write lxc.net.0.type = veth above it"},
        {"lxc.net.0.ipvlan.mode = l2", "no network plugin ipvlan is installed for the key lxc.net.0.ipvlan.mode, in c.conf:1:1",
         ""},
        {"lxc.selinux.context = x_t", "no security plugin selinux is installed for the key lxc.selinux.context, in c.conf:1:1",
         "install the plugin, or remove the line; keelson config lint looks at the whole file"},
        {"lxc.net.0.mtv = 1", "unknown key lxc.net.0.mtv, in c.conf:1:1", "did you mean lxc.net.0.mtu?"},
        {"lxc.cap.drop = chown\nlxc.cap.keep = kill", "lxc.cap.drop is set, which excludes lxc.cap.keep, in c.conf:2:1",
         "write \"lxc.cap.drop =\" above it to forget what was said so far"},
        {"lxc.environment = KEELSON_NOT_SET",
         "your environment has no variable KEELSON_NOT_SET to copy, as wanted by lxc.environment, in c.conf:1:1",
         "set it, or write KEELSON_NOT_SET=VALUE"},
    };
    for (const Message& message : messages) {
        subject.clear();
        try {
            subject.load_text(message.text, "c.conf");
            ADD_FAILURE() << message.text;
        } catch (const Error& error) {
            EXPECT_STREQ(error.what(), message.says);
            EXPECT_EQ(error.hint(), message.hint);
        }
    }
}

}  // namespace
