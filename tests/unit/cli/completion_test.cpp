#include <frontends/cli/completion.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <keelson/sdk/error.hpp>
#include <tests/support/temporary_directory.hpp>

namespace {

using keelson::cat;
using keelson::cli::complete;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

struct Completion : testing::Test {
    Completion() {
        for (const char* name : {"web1", "web2", "db"}) {
            ::mkdir((directory / name).c_str(), 0755);
            directory.write(cat(name, "/config"), "");
        }
    }
    keelson::test::TemporaryDirectory directory;
    const std::string in = cat(" -P ", directory / "", " ");
};

TEST_F(Completion, OffersVerbs) {
    EXPECT_THAT(complete("keelson st"), ElementsAre("start", "stop"));
    EXPECT_THAT(complete("/usr/bin/keelson "), AllOf(Contains("attach"), Contains("wait")));
    EXPECT_THAT(complete("keelson help un"), ElementsAre("unfreeze"));
    EXPECT_THAT(complete("keelson nonsense "), ElementsAre());
}

TEST_F(Completion, OffersContainersOnce) {
    EXPECT_THAT(complete("lxc-start" + in), ElementsAre("db", "web1", "web2"));
    EXPECT_THAT(complete("keelson stop" + in + "we"), ElementsAre("web1", "web2"));
    EXPECT_THAT(complete(cat("lxc-stop --lxcpath=", directory / "", " -n w")), ElementsAre("web1", "web2"));
    EXPECT_THAT(complete("lxc-stop" + in + "--name=d"), ElementsAre("--name=db"));
    EXPECT_THAT(complete("lxc-stop" + in + "-n db "), ElementsAre());
    EXPECT_THAT(complete("lxc-attach" + in + "db -- "), ElementsAre());
}

TEST_F(Completion, OffersTheOptionsOfTheVerb) {
    EXPECT_THAT(complete("lxc-stop --k"), ElementsAre("--kill"));
    EXPECT_THAT(complete("keelson start --tr"), ElementsAre("--trace="));
    EXPECT_THAT(complete("lxc-start --tr"), ElementsAre()) << "this one is Keelson's own";
    EXPECT_THAT(complete("keelson config list --or"), ElementsAre("--origin"));
}

TEST_F(Completion, OffersWhatAnOptionsArgumentCanBe) {
    EXPECT_THAT(complete("keelson ls --format j"), ElementsAre("json"));
    EXPECT_THAT(complete("lxc-wait -n web -s STO"), ElementsAre("STOPPED", "STOPPING"));
    EXPECT_THAT(complete("lxc-create -n web -t bu"), ElementsAre("busybox"));
    EXPECT_THAT(complete("lxc-create -n web -B ov"), ElementsAre("overlay"));
    EXPECT_THAT(complete("lxc-start -o "), ElementsAre()) << "files are the shell's";
}

TEST_F(Completion, OffersKeysOfKernelAndPlugins) {
    EXPECT_THAT(complete("lxc-info -n web -c lxc.uts"), ElementsAre("lxc.uts.name"));
    EXPECT_THAT(complete("lxc-start -n web -s lxc.tty.m"), ElementsAre("lxc.tty.max="));
    EXPECT_THAT(complete("lxc-start -n web -s keelson.lsm.landlock.op"), ElementsAre("keelson.lsm.landlock.optional="));
    EXPECT_THAT(complete("keelson config doc lxc.prl"), ElementsAre("lxc.prlimit."));
}

TEST_F(Completion, LeadsThroughConfigAndPlugin) {
    EXPECT_THAT(complete("keelson config "), ElementsAre("get", "set", "unset", "list", "lint", "doc"));
    EXPECT_THAT(complete("keelson config get" + in + "web"), ElementsAre("web1", "web2"));
    EXPECT_THAT(complete("keelson config get" + in + "web1 lxc.net.0.veth.p"), ElementsAre("lxc.net.0.veth.pair"));
    EXPECT_THAT(complete("keelson config set" + in + "web1 lxc.net.0.vlan"), ElementsAre("lxc.net.0.vlan.id="));
    EXPECT_THAT(complete("lxc-config lxc.lx"), ElementsAre("lxc.lxcpath"));
    EXPECT_THAT(complete("keelson plugin list l"), ElementsAre("lsm"));
    EXPECT_THAT(complete("keelson plugin info net v"), ElementsAre("veth", "vlan"));
}

}  // namespace
