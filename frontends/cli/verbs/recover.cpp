// keelson recover: takes away what monitors that died left behind.
#include <frontends/cli/json.hpp>
#include <frontends/cli/verb_table.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

int run(Invocation& invocation) {
    const auto [containers, failures] = container::recover_all();
    if (invocation.json())
        std::printf("%s\n", json::array(containers).c_str());
    else
        for (const auto& line : containers) std::printf("%s\n", line.c_str());
    if (failures.empty()) return 0;
    for (size_t i = 1; i < failures.size(); ++i) complain(invocation, failures[i].what());
    throw failures.front();
}

}  // namespace

const Verb recover_verb = {
    .name = "recover",
    .synopsis = "",
    .summary = "Take away what containers left whose monitor died",
    .failed = "did not get everything",
    .options = {},
    .run = run,
    .naming = Naming::none,
    .lxc_name = false,
};

}  // namespace keelson::cli
