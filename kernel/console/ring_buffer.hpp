// The last bytes that a console printed (lxc.console.buffer.size).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace keelson::console {

/// Overwrites its oldest bytes when full. Memory is touched only as far as it was written.
class RingBuffer {
public:
    /// 0: nothing is kept.
    explicit RingBuffer(size_t capacity) : capacity_(capacity) {
        if (capacity > 0) bytes_.reset(new char[capacity]);
    }

    size_t capacity() const noexcept { return capacity_; }
    size_t size() const noexcept { return size_; }
    void write(std::string_view text) noexcept;
    /// The oldest `maximum` bytes; they stay.
    std::string peek(size_t maximum) const;
    void discard(size_t count) noexcept;

private:
    size_t capacity_, begin_ = 0, size_ = 0;
    std::unique_ptr<char[]> bytes_;
};

}  // namespace keelson::console
