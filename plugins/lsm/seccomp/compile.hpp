// From a policy to the program that the kernel runs (seccomp(2)).
#pragma once

#include "policy.hpp"

#include <functional>
#include <string>

namespace keelson::seccomp {

/// The program as bytes, an array of sock_filter. `name`: the file, for errors. `unknown` is told the system calls that the
/// library does not know: they are left out. Takes 1 to 2 ms. Throws Error.
std::string compile(const Policy& policy, const std::string& name, const std::function<void(const std::string&)>& unknown);

/// "2.5.4"
std::string library_version();

/// Does the program hand calls over to a supervisor?
bool notifies(std::string_view program);

}  // namespace keelson::seccomp
