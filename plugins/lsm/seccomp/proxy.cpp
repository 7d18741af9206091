#include "proxy.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace keelson::seccomp {

namespace {

constexpr std::string_view scheme = "unix:";
constexpr time_t patience_s = 30;

/// What each packet begins with; request, response and cookie follow, the first two as large as `sizes` says.
struct Header {
    uint64_t reserved;
    int32_t monitor, init;
    seccomp_notif_sizes sizes;
    uint64_t cookie_length;
};
static_assert(sizeof(Header) == 32);

seccomp_notif_sizes sizes_of_kernel() {
    seccomp_notif_sizes sizes{};
    if (::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
        throw Error::last("ask for the sizes of seccomp notifications", {}, "they need Linux 5.0");
    return sizes;
}

/// Abstract names begin with '@'.
socklen_t fill_in(sockaddr_un& to, const std::string& path) {
    to.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof to.sun_path) throw Error(EINVAL, path, "no address of a unix socket:");
    path.copy(to.sun_path, path.size());
    const bool abstract = path.front() == '@';
    if (abstract) to.sun_path[0] = '\0';
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
}

}  // namespace

/// One system call on its way: the packet, and what the proxy is given to look at the caller.
struct Proxy::Call {
    Call(const seccomp_notif_sizes& kernel_sizes, pid_t monitor, pid_t init, const std::string& cookie)
        : sizes(kernel_sizes), packet(sizeof(Header) + sizes.seccomp_notif + sizes.seccomp_notif_resp) {
        const Header header{0, monitor, init, sizes, cookie.size()};
        std::memcpy(packet.data(), &header, sizeof header);
        packet.insert(packet.end(), cookie.begin(), cookie.end());
    }

    char* request() { return packet.data() + sizeof(Header); }
    char* response() { return request() + sizes.seccomp_notif; }

    /// False when the caller is gone meanwhile.
    bool receive(int from) {
        listener = from;
        if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, request()) != 0) {
            if (errno == ENOENT || errno == EINTR) return false;
            throw Error::last("receive a system call", {});
        }
        std::memcpy(&facts, request(), sizeof facts);
        return true;
    }

    /// False when it is gone, or may not be looked at.
    bool open_caller() {
        directory.reset(::open(cat("/proc/", facts.pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        memory.reset(::open(cat("/proc/", facts.pid, "/mem").c_str(), O_RDWR | O_CLOEXEC));
        // Still the same process: its number was not given to another before the files were opened.
        return directory && memory && ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &facts.id) == 0;
    }

    void refuse() {
        seccomp_notif_resp answer{};
        answer.error = -ENOSYS;
        std::memcpy(response(), &answer, sizeof answer);
    }

    /// A caller that is gone needs no answer, and who was answered no second one: the proxy has the listener too, and may have
    /// sent the response by itself. Until the caller runs that is EINPROGRESS, then ENOENT.
    bool send() {
        std::memcpy(response(), &facts.id, sizeof facts.id);
        return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response()) == 0 || errno == ENOENT || errno == EINPROGRESS;
    }

    void send_response() {
        if (send()) return;
        if (errno != EINVAL) throw Error::last("answer a system call", {});
        refuse();
        send();
    }

    seccomp_notif_sizes sizes;
    std::vector<char> packet;
    seccomp_notif facts{};
    int listener = -1;
    UniqueFd directory, memory;
};

Proxy::Proxy(std::string_view address, std::string cookie, Warn warn)
    : address_(address.substr(std::min(scheme.size(), address.size()))), cookie_(std::move(cookie)), warn_(std::move(warn)) {
    if (!address.starts_with(scheme))
        throw Error(EINVAL, std::string(address), "no address of a proxy:", "it is unix:/PATH or unix:@NAME");
}

void Proxy::connect() {
    sockaddr_un to{};
    const socklen_t length = fill_in(to, address_);
    UniqueFd fresh(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    const timeval patience{patience_s, 0};
    ::setsockopt(fresh.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fresh.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(fresh.get(), reinterpret_cast<const sockaddr*>(&to), length) != 0)
        throw Error::last("connect to the seccomp proxy", address_, "start it first, or remove lxc.seccomp.notify.proxy");
    socket_ = std::move(fresh);
}

void Proxy::serve(int listener, pid_t monitor, pid_t init) {
    for (;;) {
        pollfd wait{listener, POLLIN, 0};
        if (::poll(&wait, 1, -1) < 0) {
            if (errno == EINTR) continue;
            throw Error::last("wait for system calls", {});
        }
        if ((wait.revents & POLLIN) != 0) {
            answer(listener, monitor, init);
        } else {
            return;
        }
    }
}

void Proxy::answer(int listener, pid_t monitor, pid_t init) {
    Call call(sizes_of_kernel(), monitor, init, cookie_);
    if (!call.receive(listener)) return;
    try {
        if (!call.open_caller() || !ask(call)) call.refuse();
        call.send_response();
    } catch (const std::exception& error) {
        call.refuse();
        call.send();
        warn_(cat("a system call of process ", call.facts.pid, " is not answered: ", error.what()));
    }
}

/// A connection that is lost is made again, once for each call.
bool Proxy::ask(Call& call) {
    if (socket_ && exchange(call)) return true;
    socket_.reset();
    try {
        connect();
    } catch (const Error&) {
        return false;  // the caller is told by ENOSYS
    }
    return exchange(call);
}

bool Proxy::exchange(Call& call) {
    const std::array<int, 3> files{call.directory.get(), call.memory.get(), call.listener};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof files)> control{};
    iovec part{call.packet.data(), call.packet.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof files);
    std::memcpy(CMSG_DATA(head), files.data(), sizeof files);
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) != static_cast<ssize_t>(call.packet.size())) return false;

    std::vector<char> reply(call.packet.size());
    const ssize_t got = ::recv(socket_.get(), reply.data(), reply.size(), 0);
    const size_t needed = sizeof(Header) + call.sizes.seccomp_notif + call.sizes.seccomp_notif_resp;
    if (got < static_cast<ssize_t>(needed)) return false;
    // Whose answer it is: of the call that was asked about.
    uint64_t id = 0;
    std::memcpy(&id, reply.data() + sizeof(Header), sizeof id);
    if (id != call.facts.id) return false;
    std::memcpy(call.response(), reply.data() + sizeof(Header) + call.sizes.seccomp_notif, call.sizes.seccomp_notif_resp);
    return true;
}

}  // namespace keelson::seccomp
