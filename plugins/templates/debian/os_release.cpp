#include "os_release.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace keelson::templates {

OsRelease parse_os_release(std::string_view text) {
    OsRelease found;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        const size_t equals = line.find('=');
        if (equals != std::string_view::npos) {
            std::string_view value = line.substr(equals + 1);
            if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'')) value = value.substr(1, value.size() - 2);
            if (line.substr(0, equals) == "ID") found.id = value;
            if (line.substr(0, equals) == "VERSION_CODENAME") found.codename = value;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return found;
}

OsRelease read_os_release(const std::string& path) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
    std::string text(4096, '\0');
    text.resize(file ? std::fread(text.data(), 1, text.size(), file.get()) : 0);
    return parse_os_release(text);
}

}  // namespace keelson::templates
