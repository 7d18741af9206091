#include <frontends/cli/json.hpp>

#include <cstdint>
#include <cstdio>

namespace keelson::cli::json {

namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/// Length of the UTF-8 sequence at `at`; 0 if there is none (RFC 3629: no surrogates, nothing longer than needed).
size_t sequence_length(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80) return 1;
    if (!is_continuation(static_cast<unsigned char>(second))) return 0;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (!is_continuation(static_cast<unsigned char>(byte(2)))) return 0;
    if (first == 0xe0) return second >= 0xa0 ? 3 : 0;
    if (first == 0xed) return second <= 0x9f ? 3 : 0;
    if (first >= 0xe1 && first <= 0xef) return 3;
    if (!is_continuation(static_cast<unsigned char>(byte(3)))) return 0;
    if (first == 0xf0) return second >= 0x90 ? 4 : 0;
    if (first == 0xf4) return second <= 0x8f ? 4 : 0;
    return first >= 0xf1 && first <= 0xf3 ? 4 : 0;
}

std::string escaped(char c) {
    switch (c) {
        case '"':
            return "\\\"";
        case '\\':
            return "\\\\";
        case '\n':
            return "\\n";
        case '\t':
            return "\\t";
        case '\r':
            return "\\r";
        default:
            break;
    }
    if (static_cast<unsigned char>(c) >= 0x20) return std::string(1, c);
    char text[8];
    std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(c));
    return text;
}

}  // namespace

std::string quote(std::string_view text) {
    std::string result = "\"";
    for (size_t at = 0; at < text.size();) {
        const size_t length = sequence_length(text, at);
        if (length == 0)
            result += "\\ufffd";
        else if (length == 1)
            result += escaped(text[at]);
        else
            result += text.substr(at, length);
        at += length ? length : 1;
    }
    return result + "\"";
}

std::string array(const std::vector<std::string>& strings) {
    std::vector<std::string> quoted;
    for (const auto& text : strings) quoted.push_back(quote(text));
    return array_of(quoted);
}

std::string array_of(const std::vector<std::string>& values) {
    std::string result = "[";
    for (const auto& value : values) result += (result.size() > 1 ? "," : "") + value;
    return result + "]";
}

Object& Object::raw(std::string_view key, std::string_view value) {
    if (!members_.empty()) members_ += ",";
    members_ += quote(key) + ":";
    members_ += value;
    return *this;
}

}  // namespace keelson::cli::json
