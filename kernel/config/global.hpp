// lxc.conf (lxc.system.conf(5)) and the places that follow from who runs us.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::config {

/// An item of the file with its defaults, those of an ordinary user with ~ for $HOME.
struct GlobalItem {
    std::string_view name;
    std::string_view for_root;
    std::string_view for_users;
    std::string_view help;  ///< one line
};
std::span<const GlobalItem> known_global_items();

/// Value of an item of the global file, else its default. Throws Error for an unknown item.
std::string global(const std::string& item);
/// Items that lxc-config -l lists, in its order.
const std::vector<std::string>& global_items();

/// /run for root, else $XDG_RUNTIME_DIR, else ~/.cache/lxc/run.
std::string run_directory();
/// RUN/keelson/<lxcpath, escaped>/NAME: journal and state of a running container.
std::string runtime_directory(const std::string& lxcpath, const std::string& name);
/// "/var/log/lxc/NAME.log", or LXCPATH/NAME/NAME.log where that is not the place.
std::string default_log_file(const std::string& lxcpath, const std::string& name);

/// Tells a program that runs from a detached mount where it is installed.
inline constexpr const char* program_path_variable = "KEELSON_PROGRAM";
/// PREFIX of the installation (or of the build tree), from /proc/self/exe.
const std::string& installation_prefix();
/// What the program before us in this process knew: ours may have been replaced at its path since.
void set_installation_prefix(std::string prefix);

}  // namespace keelson::config
