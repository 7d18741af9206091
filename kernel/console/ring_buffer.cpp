#include <kernel/console/ring_buffer.hpp>

#include <algorithm>
#include <cstring>

namespace keelson::console {

void RingBuffer::write(std::string_view text) noexcept {
    if (capacity_ == 0) return;
    if (text.size() > capacity_) text.remove_prefix(text.size() - capacity_);
    if (size_ + text.size() > capacity_) discard(size_ + text.size() - capacity_);
    const size_t at = (begin_ + size_) % capacity_;
    const size_t first = std::min(text.size(), capacity_ - at);
    std::memcpy(&bytes_[at], text.data(), first);
    std::memcpy(&bytes_[0], text.data() + first, text.size() - first);
    size_ += text.size();
}

std::string RingBuffer::peek(size_t maximum) const {
    const size_t count = std::min(maximum, size_);
    const size_t first = std::min(count, capacity_ - begin_);
    std::string text;
    if (count == 0) return text;
    text.append(&bytes_[begin_], first);
    text.append(&bytes_[0], count - first);
    return text;
}

void RingBuffer::discard(size_t count) noexcept {
    count = std::min(count, size_);
    size_ -= count;
    begin_ = size_ == 0 ? 0 : (begin_ + count) % capacity_;
}

}  // namespace keelson::console
