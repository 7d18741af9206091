// Making a filesystem in an image, with the program that belongs to it.
#pragma once

#include <string>

namespace keelson::storage {

/// [host] Runs mkfs.TYPE on a file; only for create. Throws with what the program said.
void make_filesystem(const std::string& type, const std::string& image);

}  // namespace keelson::storage
