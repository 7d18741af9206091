// Values and descriptors one after another as text, for the next program that this process executes.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::base {

class Packer {
public:
    Packer() = default;
    /// What was packed before, whose descriptors are passed on already.
    explicit Packer(std::string_view packed) : text_(packed) {}
    void text(std::string_view value);
    void number(std::integral auto value) { text(std::to_string(value)); }
    /// Borrowed: it keeps its number in the next program. -1 stands for none.
    void fd(int fd);
    void nested(const Packer& other);

    const std::string& str() const noexcept { return text_; }
    const std::vector<int>& fds() const noexcept { return fds_; }

private:
    std::string text_;
    std::vector<int> fds_;
};

/// Reads in the order in which it was packed. Throws Error for what is no such text.
class Unpacker {
public:
    explicit Unpacker(std::string_view text) : rest_(text) {}
    std::string_view text();
    template <std::integral Number>
    Number number() {
        return static_cast<Number>(whole_number());
    }
    bool flag() { return whole_number() != 0; }
    /// Owned from now on, and closed by exec(2). Asks for no memory.
    UniqueFd fd();

private:
    int64_t whole_number();
    std::string_view rest_;
};

/// exec(2) passes these descriptors on, or not.
void pass_on(const std::vector<int>& fds, bool passed) noexcept;

}  // namespace keelson::base
