// os-release(5), as far as it says which Debian this is.
#pragma once

#include <string>
#include <string_view>

namespace keelson::templates {

struct OsRelease {
    std::string id, codename;
};

OsRelease parse_os_release(std::string_view text);
/// Empty members if the file cannot be read.
OsRelease read_os_release(const std::string& path);

}  // namespace keelson::templates
