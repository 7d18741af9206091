// Splitting text and reading numbers, for what plugins find in /proc and in configurations.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::sdk {

inline std::string_view trim(std::string_view text) noexcept {
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Parts between separators; empty ones are left out. They are views of `text`: no temporary string is taken.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(separator));
        if (!part.empty()) parts.push_back(part);
        text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
    }
    return parts;
}

std::vector<std::string_view> split(std::string&&, char) = delete;

/// A number that fills the whole text; no sign, no prefix.
template <typename Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) noexcept {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// FNV-1a, 64 bits: to name things by their content, not to protect them.
inline uint64_t fnv1a(std::string_view text) noexcept {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

}  // namespace keelson::sdk
