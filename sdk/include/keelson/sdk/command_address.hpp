// Where a container listens.
#pragma once

#include <keelson/sdk/text.hpp>

#include <cstdio>
#include <string>

namespace keelson::sdk {

/// Of the command socket of a container with this directory, LXCPATH/NAME: an abstract address (unix(7)) without the NUL at its
/// beginning. Whoever starts the container takes it first, and its monitor has it to the end. LXC's, which hashes what is too
/// long.
inline std::string command_address(const std::string& directory) {
    constexpr size_t longest = 105;
    std::string address = directory + "/command";
    if (address.size() <= longest) return address;
    char hashed[40];
    std::snprintf(hashed, sizeof hashed, "lxc/%016llx/command", static_cast<unsigned long long>(fnv1a(directory)));
    return hashed;
}

}  // namespace keelson::sdk
