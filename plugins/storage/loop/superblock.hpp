// Which filesystem is in an image, by its magic number.
#pragma once

#include <string>

namespace keelson::storage {

/// The kernel's name of the filesystem type; empty if none is recognised. Throws when the image cannot be read.
std::string filesystem_of(int image, const std::string& name_for_errors);

}  // namespace keelson::storage
