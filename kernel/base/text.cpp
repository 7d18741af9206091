#include <charconv>
#include <kernel/base/text.hpp>
#include <limits>

namespace keelson::base {

namespace {

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; }

/// Takes "0x" or "0" off the front and says the base that they stand for.
int take_base(std::string_view& digits) noexcept {
    if (digits.size() < 2 || digits[0] != '0') return 10;
    const bool hexadecimal = digits[1] == 'x' || digits[1] == 'X';
    digits.remove_prefix(hexadecimal ? 2 : 1);
    return hexadecimal ? 16 : 8;
}

std::optional<uint64_t> parse_digits(std::string_view digits) noexcept {
    const int number_base = take_base(digits);
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, number_base);
    if (error != std::errc() || end != digits.data() + digits.size()) return {};
    return value;
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string_view> words(std::string_view text) {
    const auto parts_words = [](char c) { return c == ' ' || c == '\t'; };
    std::vector<std::string_view> found;
    for (size_t end = 0; end < text.size();) {
        size_t begin = end;
        while (begin < text.size() && parts_words(text[begin])) ++begin;
        for (end = begin; end < text.size() && !parts_words(text[end]);) ++end;
        if (end > begin) found.push_back(text.substr(begin, end - begin));
    }
    return found;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (const std::string& part : parts) {
        if (&part != &parts.front()) text += separator;
        text += part;
    }
    return text;
}

std::string printable(std::string_view text, std::string_view kept) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
    std::string shown(text);
    for (size_t at = 0; at < shown.size(); ++at) {
        const bool leads = shown[at] == '\xc2' && at + 1 < shown.size();  // U+0080 to U+009f are control characters too
        if (leads && static_cast<unsigned char>(shown[at + 1]) < 0xa0) shown[at] = shown[at + 1] = '?';
        if (is_control(shown[at]) && kept.find(shown[at]) == std::string_view::npos) shown[at] = '?';
    }
    return shown;
}

std::optional<uint64_t> parse_unsigned(std::string_view text) noexcept {
    if (text.starts_with('+')) text.remove_prefix(1);
    return parse_digits(text);
}

std::optional<int64_t> parse_signed(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const std::optional<uint64_t> size = parse_digits(text);
    constexpr uint64_t largest = std::numeric_limits<int64_t>::max();
    if (!size || *size > largest + (negative ? 1 : 0)) return {};
    return static_cast<int64_t>(negative ? 0 - *size : *size);
}

uint64_t fnv1a(std::string_view text) noexcept {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    return hash;
}

}  // namespace keelson::base
