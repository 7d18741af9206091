#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/rootfs_child.hpp>
#include <kernel/container/storage.hpp>
#include <kernel/filesystem/mount.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/credentials.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace keelson::container {
namespace {

std::string mount_rootfs(const Facts& facts, const config::Config& config) {
    Storage storage(facts, config);
    storage.make_writable();
    if (!storage.available() || storage.is_directory()) return storage.path();
    const std::string target = rootfs_mountpoint(facts);
    base::make_directories(target, 0755);
    const UniqueFd mount = storage.mount();
    const UniqueFd directory = base::open_file(target, O_PATH | O_DIRECTORY);
    filesystem::attach(mount.get(), directory.get(), target);
    return target;
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    for (const std::string& name : base::names_in("/proc")) {
        const auto pid = base::parse_unsigned(name);
        const std::string stat = pid ? base::read_file_if_there(cat("/proc/", name, "/stat")).value_or("") : "";
        const auto fields = base::words(std::string_view(stat).substr(std::min(stat.rfind(") "), stat.size())));
        if (fields.size() > 2 && base::parse_unsigned(fields[2]) == static_cast<uint64_t>(parent))
            children.push_back(static_cast<pid_t>(*pid));
    }
    return children;
}

/// All descendants: those whose parent has ended are our children then.
void end_children() {
    do {
        for (const pid_t child : children_of(::getpid())) ::kill(child, SIGKILL);
    } while (::wait(nullptr) > 0);
}

/// Without its maker nobody would know of what the worker makes, and what that has started would make it behind the back of
/// who takes it back. A worker that is done may leave what it likes.
[[noreturn]] void mind(const process::Channel& channel, const process::Clone& worker) {
    // The keyboard's signals are for our maker, whose end we see.
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    std::array<pollfd, 2> ends{{{channel.fd(), 0, 0}, {worker.pidfd.get(), POLLIN, 0}}};
    while (::poll(ends.data(), ends.size(), -1) < 0 && errno == EINTR) continue;
    const int status = ends[1].revents != 0 ? process::shell_status(process::reap(worker.pidfd.get())) : 1;
    if (status != 0) end_children();
    ::_exit(status);
}

[[noreturn]] void run_child(process::Channel channel, const Facts& facts, const config::Config& config,
                            const RootfsWork& work) {
    process::work_and_end(channel, [&] {
        if (channel.receive().kind != 'g') ::_exit(1);
        if (facts.raw().ordinary_user != 0) process::become_namespace_root(0, 0);
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        const pid_t minder = ::getpid();
        const process::Clone worker = process::clone_process({});
        if (worker.pid != 0) mind(channel, worker);
        process::die_with(minder);
        ::umask(022);
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) throw Error::last("make mounts private", "/");
        work(mount_rootfs(facts, config), channel);
        channel.send('d');
    });
}

}  // namespace

std::string rootfs_mountpoint(const Facts& facts) { return facts.directory() + "/rootfs"; }

void in_rootfs_child(const Facts& facts, const config::Config& config, const std::string& what, const RootfsWork& work,
                     const std::function<void(const std::string& line)>& heard) {
    // Files are made with the container's own ids. An ordinary user cannot do that but in a user namespace that has them.
    const bool in_user_namespace = facts.raw().ordinary_user != 0;
    auto [ours, theirs] = process::Channel::pair();
    const process::Clone child = process::clone_process({CLONE_NEWNS | (in_user_namespace ? CLONE_NEWUSER : 0U)});
    if (child.pid == 0) {
        ours.close();
        run_child(std::move(theirs), facts, config, work);
    }
    theirs.close();
    bool done = false;
    try {
        if (in_user_namespace) facts.idmap().with_host_id(::geteuid(), ::getegid()).write_for(child.pid);
        ours.send('g');
        for (process::Channel::Message message = ours.receive(); message.kind != 0; message = ours.receive()) {
            if (message.kind == 'l' && heard) heard(message.text);
            if (message.kind == 'd') done = true;
            if (message.kind == process::Channel::failure) throw process::unpack(message.text);
        }
    } catch (...) {
        // What is taken back now must not be made anew behind our back.
        ours.close();
        process::reap(child.pidfd.get());
        throw;
    }
    const int status = process::reap(child.pidfd.get());
    if (!done)
        throw Error(ECHILD, what, cat("the process that does it ended with status ", process::shell_status(status), ":"));
}

}  // namespace keelson::container
