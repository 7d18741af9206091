// The command socket: whatever a client sends, in whatever pieces, the monitor answers the next one.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <kernel/base/log.hpp>
#include <tests/fuzz/targets/require.hpp>
#include <tests/support/fake_container.hpp>

#include <algorithm>
#include <cstring>

namespace {

using namespace keelson;
using namespace keelson::monitor;
using fuzz::require;

/// A monitor in this thread, and its clients.
class Monitor {
public:
    Monitor() : path_(cat("/klt-fuzz-", ::getpid())) {
        container_.path = path_;
        server_.emplace(CommandServer::listen(path_, "web"), loop_, container_);
        loop_.add(tick_.get(), EPOLLIN, [this](uint32_t) {
            uint64_t ticks = 0;
            (void)!::read(tick_.get(), &ticks, sizeof ticks);
            loop_.stop();
        });
    }
    UniqueFd connect() const {
        UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const AbstractAddress address(command_address(path_, "web"));
        require(::connect(fd.get(), address.get(), address.length()) == 0, "a client connects");
        return fd;
    }
    /// Lets it do what there is to do: a connection, some pieces of a message, its end.
    void work() {
        for (int round = 0; round < 4; ++round) {
            const uint64_t one = 1;
            (void)!::write(tick_.get(), &one, sizeof one);
            loop_.run();
        }
    }
    void check_answer() {
        const UniqueFd client = connect();
        const RequestHeader question{static_cast<int32_t>(Command::get_init_pid), 0, 0};
        (void)!::send(client.get(), &question, sizeof question, MSG_NOSIGNAL);
        ResponseHeader answer{};
        for (int tries = 0; tries < 8 && answer.data == 0; ++tries) {
            work();
            (void)!::recv(client.get(), &answer, sizeof answer, 0);
        }
        require(answer.result == 0 && answer.data == 4711, "the next client has its answer");
    }

private:
    std::string path_;
    test::FakeContainer container_;
    EventLoop loop_;
    std::optional<CommandServer> server_;
    UniqueFd tick_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    base::detach_log_from_stderr();
    return 0;
}

/// The first byte says how long the first piece is.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
    static Monitor monitor;
    if (size == 0) return 0;
    const size_t first = std::min<size_t>(data[0], size - 1);
    {
        const UniqueFd client = monitor.connect();
        (void)!::send(client.get(), data + 1, first, MSG_NOSIGNAL);
        monitor.work();
        (void)!::send(client.get(), data + 1 + first, size - 1 - first, MSG_NOSIGNAL);
        monitor.work();
    }
    monitor.work();
    monitor.check_answer();
    return 0;
}
