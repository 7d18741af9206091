// The text of a configuration, line by line as a person wrote it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace keelson::config {

/// A line `KEY = VALUE`, taken apart. Views into the line.
struct Assignment {
    std::string_view key;    ///< without blanks
    std::string_view value;  ///< without blanks around it and without its quotes
    size_t key_at = 0;       ///< bytes before the key
    size_t value_at = 0;     ///< bytes before the value
    bool has_equals = false;
};

/// Is this a line that the language reads, not a comment, blank or somebody else's?
bool is_assignment(std::string_view line) noexcept;
/// `line` without its end.
Assignment take_apart(std::string_view line) noexcept;
/// The next line of `text` with the bytes that end it, taken off its front; empty at the end.
std::string_view take_line(std::string_view& text) noexcept;
/// Without the bytes that end it.
std::string_view without_end(std::string_view line) noexcept;

/// A value as it has to be written to be read back the same: in quotes if its ends would be lost.
std::string quoted(std::string_view value);

class ConfigText {
public:
    const std::string& str() const noexcept { return text_; }
    void clear() noexcept { text_.clear(); }
    void append_raw(std::string_view text) { text_ += text; }
    /// Adds a line at the end.
    void add(std::string_view key, std::string_view value);
    /// Gives the last line of the key this value, and removes earlier ones. False: there is no line.
    bool replace(std::string_view key, std::string_view value);
    /// Removes the assignments whose canonical key the predicate names.
    void remove(const std::function<bool(std::string_view key)>& names);

private:
    std::string text_;
};

}  // namespace keelson::config
