// Text without a library: splitting, trimming, numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::base {

std::string_view trim(std::string_view text) noexcept;
/// Parts between separators, empty ones included.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Words between blanks and tabs.
std::vector<std::string_view> words(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// With '?' for each byte of a control character, but those in `kept`: nothing in it steers a terminal.
std::string printable(std::string_view text, std::string_view kept = {});

/// C integer syntax: decimal, 0x, leading 0. No value for anything else, blanks included.
std::optional<uint64_t> parse_unsigned(std::string_view text) noexcept;
std::optional<int64_t> parse_signed(std::string_view text) noexcept;

/// FNV-1a, 64 bits.
uint64_t fnv1a(std::string_view text) noexcept;

}  // namespace keelson::base
