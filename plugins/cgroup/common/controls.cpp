#include "controls.hpp"

#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

namespace keelson::cgroup {

bool Controls::is_frozen(const std::string& path) const try {
    const sdk::FrozenFile file = frozen_file(path);
    return sdk::trim(sdk::read_file(file.path)) != file.text;
} catch (const Error& error) {
    if (error.code() == ENOENT || error.code() == ENODEV) return false;
    throw;
}

std::optional<uint64_t> number_in(const std::string& path) {
    const auto text = sdk::try_read_file(path);
    return text ? sdk::parse_number<uint64_t>(sdk::trim(*text)) : std::nullopt;
}

std::optional<uint64_t> number_after(std::string_view text, std::string_view word) {
    for (const std::string_view line : sdk::split(text, '\n')) {
        const auto parts = sdk::split(line, ' ');
        if (parts.size() == 2 && parts[0] == word) return sdk::parse_number<uint64_t>(parts[1]);
    }
    return std::nullopt;
}

}  // namespace keelson::cgroup
