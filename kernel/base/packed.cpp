#include <keelson/sdk/error.hpp>
#include <kernel/base/packed.hpp>
#include <kernel/base/text.hpp>

#include <fcntl.h>

#include <charconv>

namespace keelson::base {

namespace {

Error damaged() { return {EBADMSG, "", "read what the monitor handed over to itself"}; }

template <typename Number>
Number parsed(std::string_view digits) {
    Number value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) throw damaged();
    return value;
}

void pass_on_one(int fd, bool passed) noexcept {
    for (int tries = 0; tries < 2 && ::fcntl(fd, F_SETFD, passed ? 0 : FD_CLOEXEC) != 0;) ++tries;
}

}  // namespace

void Packer::text(std::string_view value) {
    text_ += std::to_string(value.size());
    text_ += ':';
    text_ += value;
}

void Packer::fd(int fd) {
    number(fd);
    if (fd >= 0) fds_.push_back(fd);
}

void Packer::nested(const Packer& other) {
    text(other.text_);
    fds_.insert(fds_.end(), other.fds_.begin(), other.fds_.end());
}

std::string_view Unpacker::text() {
    const size_t colon = rest_.find(':');
    if (colon == std::string_view::npos) throw damaged();
    const auto size = parsed<size_t>(rest_.substr(0, colon));
    rest_.remove_prefix(colon + 1);
    if (size > rest_.size()) throw damaged();
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
}

int64_t Unpacker::whole_number() { return parsed<int64_t>(text()); }

UniqueFd Unpacker::fd() {
    UniqueFd fd(number<int>());
    if (fd) pass_on_one(fd.get(), false);
    return fd;
}

void pass_on(const std::vector<int>& fds, bool passed) noexcept {
    for (const int fd : fds) pass_on_one(fd, passed);
}

}  // namespace keelson::base
