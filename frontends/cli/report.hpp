// How a failure looks to the person who called.
#pragma once

#include <keelson/sdk/error.hpp>

#include <string>
#include <vector>

namespace keelson::cli {

/// keelson: web1 did not start
///   stage   mount (storage dir)
///   cause   open /srv/web1/rootfs: Permission denied
///   hint    ...
/// `what` is "web1 did not start".
std::string for_people(const std::string& what, const Error& error);
/// The same as one JSON object on one line.
std::string for_programs(const std::string& what, const std::string& container, const Error& error);
/// Lines for LXC's log format: the cause with its place, and the hint if there is one.
std::vector<std::string> for_log(const std::string& what, const Error& error);

}  // namespace keelson::cli
