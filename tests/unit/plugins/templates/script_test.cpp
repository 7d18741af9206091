#include "template_caller.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace {

using namespace keelson;
using templates::TemplateCaller;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string program(const fs::path& directory, const std::string& body) {
    const fs::path path = directory / "program";
    std::ofstream(path) << "#!/bin/sh\n" << body;
    fs::permissions(path, fs::perms::owner_all);
    return path;
}

std::vector<std::string> lines_of(const fs::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

TEST(ScriptTemplate, CallsAsLxcCreateDoes) {
    TemplateCaller caller("script");
    const std::string directory = caller.directory(), rootfs = caller.rootfs();
    caller.create({program(directory, "printf '%s\\n' \"$@\" >" + directory + "/arguments"), "--release", "a b", ""});
    EXPECT_THAT(lines_of(directory + "/arguments"),
                ElementsAre("--path=" + directory, "--name=klt", "--rootfs=" + rootfs, "--release", "a b", ""));
}

TEST(ScriptTemplate, TellsHowTheProgramEnded) {
    TemplateCaller caller("script");
    for (const auto& [body, words] : {std::pair{"exit 3", "exit code 3"}, {"kill -15 $$", "signal 15"}}) {
        try {
            caller.create({program(caller.directory(), body)});
            FAIL();
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr(words));
        }
    }
}

TEST(ScriptTemplate, LooksUpANameAmongLxcsTemplates) {
    TemplateCaller caller("script");
    try {
        caller.create({"no-such-template"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "/usr/share/lxc/templates/lxc-no-such-template");
        EXPECT_THAT(error.hint(), HasSubstr("lxc-templates"));
    }
}

TEST(ScriptTemplate, NeedsAProgram) {
    TemplateCaller caller("script");
    EXPECT_THROW(caller.create({}), Error);
}

}  // namespace
