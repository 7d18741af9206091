// JSON (RFC 8259) for --format json: written, never read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::cli::json {

/// A string in quotes. Bytes that are not UTF-8 become U+FFFD.
std::string quote(std::string_view text);
std::string array(const std::vector<std::string>& strings);

/// An object, member by member in the order given.
class Object {
public:
    Object& text(std::string_view key, std::string_view value) { return raw(key, quote(value)); }
    Object& number(std::string_view key, long long value) { return raw(key, std::to_string(value)); }
    Object& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
    Object& list(std::string_view key, const std::vector<std::string>& values) { return raw(key, array(values)); }
    /// `value` is JSON already.
    Object& raw(std::string_view key, std::string_view value);
    std::string str() const { return "{" + members_ + "}"; }

private:
    std::string members_;
};

/// "[a,b]" of values that are JSON already.
std::string array_of(const std::vector<std::string>& values);

}  // namespace keelson::cli::json
