// The monitor goes on as another program in the same process: exec(2), with all that it holds.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/base/packed.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace keelson::process {

/// Begins what the monitor is called in ps(1), which programs that look for monitors know: "[lxc monitor] LXCPATH NAME".
inline constexpr std::string_view monitor_title = "[lxc monitor] ";

/// A descriptor of this file through which nobody can write to it, for execveat(2) where a container could reach for the
/// program that we run (CVE-2019-5736): of a read-only, detached clone of its mount. `path` may be empty: then it is what the
/// descriptor stands for. Needs CAP_SYS_ADMIN. Throws.
UniqueFd read_only_clone(int directory_borrowed, const std::string& path);
/// The program that runs here, by the mount that it was executed from.
UniqueFd this_program();

/// Executes the program with the arguments `title` and a descriptor of what was packed; `fds` stay open in it, all others are
/// closed. Does not come back, or throws, and then all is as it was.
[[noreturn]] void go_on_as(int program_borrowed, const std::string& title, std::string_view packed,
                           const std::vector<int>& fds);

/// What the program before us packed, by main()'s arguments; ps(1) sees the title alone. Throws.
std::string taken_over(int argc, char** argv);
/// Do the arguments say that there is such a program?
bool takes_over(int argc, char** argv) noexcept;

}  // namespace keelson::process
