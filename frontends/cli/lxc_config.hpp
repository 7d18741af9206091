// lxc-config: items of lxc.conf. By its name it is the verb `config`, which as `keelson config` is something else.
#pragma once

#include <string>
#include <vector>

namespace keelson::cli {

/// The exit status. Words and their odd abbreviations are those of LXC's tool: everything is on standard output.
int run_lxc_config(const std::vector<std::string>& arguments);

}  // namespace keelson::cli
