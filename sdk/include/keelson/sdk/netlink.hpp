// rtnetlink(7) for network plugins: messages, several of them in one system call, and the answers. See netlink(7) and the
// kernel's Documentation/userspace-api/netlink/intro.rst for the layout.
//
// Not part of the boundary, and needs no library: Debian's libnl-3.a cannot be linked into a shared object, and the shared one
// costs each start 70 us and each monitor 20 KiB.
#pragma once

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <type_traits>

namespace keelson::sdk {

/// One request under construction.
class NetlinkMessage {
public:
    NetlinkMessage(int type, int flags) : buffer_(sizeof(nlmsghdr)) {
        buffer_.reserve(256);
        raw()->nlmsg_type = static_cast<uint16_t>(type);
        raw()->nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST);
        raw()->nlmsg_len = sizeof(nlmsghdr);
    }

    /// ifinfomsg, ifaddrmsg, rtmsg, ...: comes before every attribute.
    template <typename Header>
    NetlinkMessage& header(const Header& value) {
        static_assert(std::is_trivially_copyable_v<Header>);
        append(&value, sizeof value);
        return *this;
    }
    NetlinkMessage& bytes(int attribute, const void* data, size_t size) {
        const nlattr start{static_cast<uint16_t>(sizeof start + size), static_cast<uint16_t>(attribute)};
        append(&start, sizeof start);
        append(data, size);
        return *this;
    }
    template <typename Number>
    NetlinkMessage& number(int attribute, Number value) {
        static_assert(std::is_integral_v<Number>);
        return bytes(attribute, &value, sizeof value);
    }
    NetlinkMessage& text(int attribute, const std::string& value) { return bytes(attribute, value.c_str(), value.size() + 1); }
    /// An attribute that holds what `body` appends.
    template <typename Body>
    NetlinkMessage& nest(int attribute, Body&& body) {
        const size_t start = buffer_.size();
        bytes(attribute | NLA_F_NESTED, nullptr, 0);
        body(*this);
        reinterpret_cast<nlattr*>(buffer_.data() + start)->nla_len = static_cast<uint16_t>(buffer_.size() - start);
        return *this;
    }

    const nlmsghdr* raw() const noexcept { return reinterpret_cast<const nlmsghdr*>(buffer_.data()); }

private:
    nlmsghdr* raw() noexcept { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }

    void append(const void* data, size_t size) {
        const size_t start = buffer_.size();
        buffer_.resize(start + NLMSG_ALIGN(size));
        if (size != 0) std::memcpy(buffer_.data() + start, data, size);
        raw()->nlmsg_len = static_cast<uint32_t>(buffer_.size());
    }

    std::vector<char> buffer_;
};

/// An attribute of an answer; false if the answer has none of that type. Valid as long as the answer.
class NetlinkAttribute {
public:
    NetlinkAttribute() noexcept = default;
    explicit NetlinkAttribute(const nlattr* raw) noexcept : raw_(raw) {}

    /// Of an answer whose own header is `Header`.
    template <typename Header>
    static NetlinkAttribute of(const nlmsghdr* answer, int type) noexcept {
        return after(answer, sizeof(Header), type);
    }
    static NetlinkAttribute after(const nlmsghdr* answer, size_t header_size, int type) noexcept {
        const size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header_size);
        if (answer->nlmsg_len <= skip) return {};
        return find({reinterpret_cast<const char*>(answer) + skip, answer->nlmsg_len - skip}, type);
    }

    explicit operator bool() const noexcept { return raw_ != nullptr; }
    std::string_view bytes() const noexcept {
        if (raw_ == nullptr) return {};
        return {reinterpret_cast<const char*>(raw_) + NLA_HDRLEN, raw_->nla_len - size_t{NLA_HDRLEN}};
    }
    std::string text() const {
        const std::string_view all = bytes();
        return std::string(all.substr(0, all.find('\0')));
    }
    /// Zeros for what the kernel did not send.
    template <typename Value>
    Value as() const noexcept {
        static_assert(std::is_trivially_copyable_v<Value>);
        Value value{};
        if (raw_ != nullptr) std::memcpy(&value, bytes().data(), std::min(sizeof value, bytes().size()));
        return value;
    }
    NetlinkAttribute inner(int type) const noexcept { return find(bytes(), type); }
    template <typename Body>
    void each(Body&& body) const {
        walk(bytes(), [&](const nlattr* one) { body(NetlinkAttribute(one)); });
    }

private:
    template <typename Body>
    static void walk(std::string_view rest, Body&& body) {
        while (rest.size() >= NLA_HDRLEN) {
            const auto* one = reinterpret_cast<const nlattr*>(rest.data());
            if (one->nla_len < NLA_HDRLEN || one->nla_len > rest.size()) return;
            body(one);
            rest.remove_prefix(std::min<size_t>(NLA_ALIGN(one->nla_len), rest.size()));
        }
    }
    static NetlinkAttribute find(std::string_view all, int type) noexcept {
        const nlattr* found = nullptr;
        walk(all, [&](const nlattr* one) {
            if ((one->nla_type & NLA_TYPE_MASK) == type && found == nullptr) found = one;
        });
        return NetlinkAttribute(found);
    }

    const nlattr* raw_ = nullptr;
};

/// The header that follows nlmsghdr in an answer.
template <typename Header>
const Header& netlink_header(const nlmsghdr* answer) noexcept {
    return *reinterpret_cast<const Header*>(reinterpret_cast<const char*>(answer) + NLMSG_HDRLEN);
}

/// A request of a batch that the kernel refused.
struct NetlinkFailure {
    size_t index;        ///< which one, from 0
    int code;            ///< errno value
    std::string reason;  ///< the kernel's own words, may be empty
};

/// Enters the network namespace that the thread came from. Only memory can be short for that (setns(2)), so it is tried for a
/// second; after that everything would act on the wrong host, and the process ends.
inline void return_to_network(int home) noexcept {
    constexpr int most_tries = 100;
    constexpr useconds_t between_us = 10'000;
    for (int tries = 1; ::setns(home, CLONE_NEWNET) < 0; ++tries) {
        if (tries == most_tries) std::abort();
        ::usleep(between_us);
    }
}

/// A socket in the network namespace in which it was made; it stays there.
class Netlink {
public:
    using Reply = std::function<void(const nlmsghdr*)>;

    explicit Netlink(int protocol = NETLINK_ROUTE) : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
        if (!socket_) throw Error::last("open a netlink socket", {});
        set_options();
    }
    /// Takes over a netlink socket.
    explicit Netlink(UniqueFd socket) : socket_(std::move(socket)) { set_options(); }

    /// Made in another network namespace, by entering it and coming back: asks for CAP_SYS_ADMIN over it.
    static Netlink in_namespace(int net_namespace) {
        const UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        if (!home) throw Error::last("open", "/proc/thread-self/ns/net");
        if (::setns(net_namespace, CLONE_NEWNET) < 0) throw Error::last("enter the container's network namespace", {});
        const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        const int error = errno;
        return_to_network(home.get());
        if (socket < 0) throw Error(error, {}, "open a netlink socket");
        return Netlink(UniqueFd(socket));
    }

    /// Puts a request at the end of the batch; returns its index.
    size_t add(const NetlinkMessage& message) {
        const nlmsghdr* header = message.raw();
        last_ = batch_.size();
        batch_.resize(last_ + NLMSG_ALIGN(header->nlmsg_len));
        std::memcpy(batch_.data() + last_, header, header->nlmsg_len);
        at(last_)->nlmsg_seq = ++sequence_;
        return count_++;
    }

    /// Sends the batch and waits for the end of the last request. The kernel carries out each, also after one that fails.
    std::vector<NetlinkFailure> run(const Reply& reply = {}) {
        std::vector<NetlinkFailure> failures;
        if (count_ == 0) return failures;
        at(last_)->nlmsg_flags |= NLM_F_ACK;
        const uint32_t first = sequence_ - static_cast<uint32_t>(count_) + 1;
        transmit();
        bool done = false;
        while (!done) receive([&](const nlmsghdr* header) { done |= take(header, first, failures, reply); });
        return failures;
    }

    /// One request. Throws Error(code, object, what).
    void request(const NetlinkMessage& message, const std::string& what, const std::string& object, const Reply& reply = {}) {
        add(message);
        for (NetlinkFailure& failure : run(reply)) throw error(failure, what, object);
    }

    /// Every answer of a request with NLM_F_DUMP.
    void dump(const NetlinkMessage& message, const Reply& reply) {
        add(message);
        transmit();
        bool done = false;
        while (!done)
            receive([&](const nlmsghdr* header) {
                if (header->nlmsg_type == NLMSG_DONE)
                    done = true;
                else if (header->nlmsg_type == NLMSG_ERROR)
                    throw Error(-code(header), {}, "read a netlink table");
                else if (header->nlmsg_seq == sequence_)
                    reply(header);
            });
    }

    /// The kernel's words become part of the message.
    static Error error(const NetlinkFailure& failure, const std::string& what, const std::string& object) {
        return {failure.code, object, failure.reason.empty() ? what : cat(what, " (", failure.reason, ")")};
    }

    int fd() const noexcept { return socket_.get(); }

private:
    void set_options() noexcept {
        const int on = 1;
        ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
        ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
        ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    }

    nlmsghdr* at(size_t offset) noexcept { return reinterpret_cast<nlmsghdr*>(batch_.data() + offset); }

    void transmit() {
        sockaddr_nl kernel{};
        kernel.nl_family = AF_NETLINK;
        const ssize_t sent =
            ::sendto(socket_.get(), batch_.data(), batch_.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
        batch_.clear();
        count_ = 0;
        if (sent < 0) throw Error::last("send to netlink", {});
    }

    template <typename Take>
    void receive(Take&& take_one) {
        alignas(nlmsghdr) char buffer[32768];
        ssize_t size = 0;
        do size = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        while (size < 0 && errno == EINTR);
        if (size < 0) throw Error::last("receive from netlink", {});
        std::string_view rest(buffer, static_cast<size_t>(size));
        while (rest.size() >= sizeof(nlmsghdr)) {
            const auto* header = reinterpret_cast<const nlmsghdr*>(rest.data());
            if (header->nlmsg_len < sizeof *header || header->nlmsg_len > rest.size()) return;
            take_one(header);
            rest.remove_prefix(std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), rest.size()));
        }
    }

    static int code(const nlmsghdr* header) noexcept { return netlink_header<nlmsgerr>(header).error; }

    /// True at the acknowledgement of the batch's last request.
    bool take(const nlmsghdr* header, uint32_t first, std::vector<NetlinkFailure>& failures, const Reply& reply) {
        if (header->nlmsg_seq < first) return false;
        if (header->nlmsg_type != NLMSG_ERROR) {
            if (reply) reply(header);
            return false;
        }
        if (code(header) != 0) failures.push_back({header->nlmsg_seq - first, -code(header), reason(header)});
        return header->nlmsg_seq == sequence_;
    }

    static std::string reason(const nlmsghdr* header) {
        if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
        size_t skip = sizeof(nlmsgerr);
        if ((header->nlmsg_flags & NLM_F_CAPPED) == 0)
            skip += NLMSG_ALIGN(netlink_header<nlmsgerr>(header).msg.nlmsg_len) - sizeof(nlmsghdr);
        return NetlinkAttribute::after(header, skip, NLMSGERR_ATTR_MSG).text();
    }

    UniqueFd socket_;
    std::vector<char> batch_;
    size_t last_ = 0, count_ = 0;
    uint32_t sequence_ = 0;
};

}  // namespace keelson::sdk
