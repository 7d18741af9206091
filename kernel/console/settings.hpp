// What lxc.console.*, lxc.tty.* and lxc.pty.* ask for.
#pragma once

#include <cstdint>
#include <string>

namespace keelson::config {
class Config;
}

namespace keelson::console {

struct Settings {
    Settings() = default;
    Settings(const config::Config& config);  // NOLINT(google-explicit-constructor): it is the same thing

    std::string path;  ///< of the console's other end; "none": no console
    std::string log_file;
    uint64_t log_size = 0;  ///< 0: no limit
    bool log_rotates = false;
    uint64_t buffer_size = 0;
    unsigned ttys = 0, most_ptys = 0;
};

}  // namespace keelson::console
