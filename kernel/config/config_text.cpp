#include <algorithm>
#include <kernel/base/text.hpp>
#include <kernel/config/config_text.hpp>
#include <kernel/config/key_lookup.hpp>

namespace keelson::config {

namespace {

constexpr std::string_view line_ends = "\r\n";
constexpr std::string_view blanks = " \t";

/// By hand, as everything that sees each byte of each configuration: find_first_of is a call for each.
size_t end_of_line(std::string_view text) noexcept {
    size_t end = 0;
    while (end < text.size() && text[end] != '\n' && text[end] != '\r') ++end;
    return end;
}

bool in_quotes(std::string_view value) {
    return value.size() > 1 && value.front() == value.back() && (value.front() == '"' || value.front() == '\'');
}

std::string key_of(std::string_view line) {
    return is_assignment(line) ? canonical_key(take_apart(without_end(line)).key) : std::string();
}

}  // namespace

bool is_assignment(std::string_view line) noexcept {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    return line.starts_with("lxc.") || line.starts_with("keelson.");
}

Assignment take_apart(std::string_view line) noexcept {
    Assignment parts;
    parts.key_at = std::min(line.find_first_not_of(blanks), line.size());
    const size_t equals = line.find('=');
    parts.key = base::trim(line.substr(0, equals));
    parts.has_equals = equals != std::string_view::npos;
    if (!parts.has_equals) return parts;
    const std::string_view rest = line.substr(equals + 1);
    parts.value_at = equals + 1 + std::min(rest.find_first_not_of(blanks), rest.size());
    parts.value = base::trim(rest);
    if (in_quotes(parts.value)) parts.value = parts.value.substr(1, parts.value.size() - 2);
    return parts;
}

std::string_view take_line(std::string_view& text) noexcept {
    const size_t end = end_of_line(text);
    size_t next = end;
    // "\r\n" ends one line, not two.
    if (next < text.size()) next += text.substr(next).starts_with("\r\n") ? 2 : 1;
    const std::string_view line = text.substr(0, next);
    text.remove_prefix(next);
    return line;
}

std::string_view without_end(std::string_view line) noexcept { return line.substr(0, end_of_line(line)); }

std::string quoted(std::string_view value) {
    const bool loses_ends = base::trim(value).size() != value.size() || in_quotes(value);
    return loses_ends ? cat('"', value, '"') : std::string(value);
}

void ConfigText::add(std::string_view key, std::string_view value) {
    if (!text_.empty() && line_ends.find(text_.back()) == std::string_view::npos) text_ += '\n';
    text_ += value.empty() ? cat(key, " =\n") : cat(key, " = ", quoted(value), '\n');
}

bool ConfigText::replace(std::string_view key, std::string_view value) {
    std::string kept, last;
    size_t last_at = std::string::npos;
    for (std::string_view rest = text_; !rest.empty();) {
        const std::string_view line = take_line(rest);
        if (key_of(line) != key) {
            kept += line;
            continue;
        }
        last = line;
        last_at = kept.size();
    }
    if (last_at == std::string::npos) return false;
    const std::string_view body = without_end(last);
    const Assignment parts = take_apart(body);
    const std::string start =
        parts.has_equals && !parts.value.empty() ? std::string(body.substr(0, parts.value_at)) : cat(parts.key, " = ");
    const std::string end = last.substr(body.size());
    kept.insert(last_at, cat(start, quoted(value), end.empty() && last_at < kept.size() ? "\n" : end));
    text_ = std::move(kept);
    return true;
}

void ConfigText::remove(const std::function<bool(std::string_view key)>& names) {
    std::string kept;
    for (std::string_view rest = text_; !rest.empty();) {
        const std::string_view line = take_line(rest);
        const std::string key = key_of(line);
        if (key.empty() || !names(key)) kept += line;
    }
    text_ = std::move(kept);
}

}  // namespace keelson::config
