#include <kernel/config/config.hpp>
#include <kernel/console/settings.hpp>

namespace keelson::console {

Settings::Settings(const config::Config& config)
    : path(config.get("lxc.console.path")),
      log_file(config.get("lxc.console.logfile")),
      log_size(config.size("lxc.console.size")),
      log_rotates(config.flag("lxc.console.rotate")),
      buffer_size(config.size("lxc.console.buffer.size")),
      ttys(static_cast<unsigned>(config.number("lxc.tty.max"))),
      most_ptys(static_cast<unsigned>(config.number("lxc.pty.max"))) {}

}  // namespace keelson::console
