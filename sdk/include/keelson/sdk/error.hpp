// keelson::Error: what is thrown inside the kernel and inside plugins, never across the boundary.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keelson {

namespace detail {
inline void append(std::string& text, std::string_view part) { text += part; }
inline void append(std::string& text, const char* part) { text += part; }
inline void append(std::string& text, const std::string& part) { text += part; }
inline void append(std::string& text, char part) { text += part; }
template <typename Number>
requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, char> &&
         !std::is_same_v<Number, bool>) void append(std::string& text, Number part) {
    text += std::to_string(part);
}
}  // namespace detail

/// Joins strings and numbers into one string.
template <typename... Parts>
std::string cat(const Parts&... parts) {
    std::string text;
    (detail::append(text, parts), ...);
    return text;
}

/// A failure as a person wants to hear it: what happened to which object, why, and what can be done.
class Error : public std::exception {
public:
    /// code: an errno value, 0 if none fits. object: path, link, key, ...; may be empty. message: lower case, no full stop.
    Error(int code, std::string object, std::string message, std::string hint = {})
        : code_(code), object_(std::move(object)), message_(std::move(message)), hint_(std::move(hint)) {
        compose();
    }

    /// The failure of a system call just made: `Error::last("open", path)`.
    static Error last(std::string call, std::string object, std::string hint = {}) {
        return {errno, std::move(object), std::move(call), std::move(hint)};
    }

    int code() const noexcept { return code_; }
    const std::string& object() const noexcept { return object_; }
    const std::string& message() const noexcept { return message_; }
    const std::string& hint() const noexcept { return hint_; }
    /// Where it was, innermost first: "storage dir", "stage mount".
    const std::vector<std::string>& where() const noexcept { return where_; }

    /// A layer adds where it was, and may add a hint if there is none yet.
    Error& at(std::string place) {
        where_.push_back(std::move(place));
        return *this;
    }
    Error& suggest(std::string hint) {
        if (hint_.empty()) hint_ = std::move(hint);
        return *this;
    }

    /// "message object: strerror"
    const char* what() const noexcept override { return what_.c_str(); }

private:
    void compose() {
        what_ = message_;
        if (!object_.empty()) what_ += (what_.empty() ? "" : " ") + object_;
        if (code_ != 0) what_ += cat(": ", std::strerror(code_));
    }

    int code_;
    std::string object_, message_, hint_, what_;
    std::vector<std::string> where_;
};

}  // namespace keelson
