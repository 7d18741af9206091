#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/channel.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/credentials.hpp>
#include <kernel/process/user_privilege.hpp>

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace keelson::process {
namespace {

std::string why_unshare_failed() {
    for (const char* sysctl : {"/proc/sys/kernel/unprivileged_userns_clone", "/proc/sys/user/max_user_namespaces"}) {
        if (base::exists(sysctl) && base::trim(base::read_file(sysctl)) == "0")
            return cat("it is switched off by ", sysctl, ": write 1, or a number, to it");
    }
    return "user namespaces may be forbidden by a security module or a container around us";
}

/// Stays outside, where newuidmap(1) can be run, and writes our maps when we say so.
[[noreturn]] void write_maps_from_outside(Channel channel, const IdMap& map, pid_t of) {
    work_and_end(channel, [&] {
        if (channel.receive().kind != 'm') return;
        map.write_for(of);
        channel.send('o');
    });
}

}  // namespace

bool is_ordinary_user() noexcept { return ::geteuid() != 0 || !has_capability(CAP_SYS_ADMIN); }

void enter_user_privilege(const IdMap& container_map) {
    if (container_map.empty()) {
        throw Error(EPERM, "lxc.idmap", "a container of an ordinary user needs an id map",
                    "put lxc.idmap lines with your ranges of /etc/subuid and /etc/subgid into ~/.config/lxc/default.conf");
    }
    const IdMap map = container_map.with_host_id(::geteuid(), ::getegid()).as_identity();
    auto [ours, theirs] = Channel::pair();
    const pid_t self = ::getpid();
    const Clone helper = clone_process({});
    if (helper.pid == 0) {
        ours.close();
        write_maps_from_outside(std::move(theirs), map, self);
    }
    theirs.close();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) throw Error::last("make a user namespace", "", why_unshare_failed());
    ours.send('m');
    const Channel::Message answer = ours.receive();
    reap(helper.pidfd.get());
    if (answer.kind != 'o')
        throw answer.kind == Channel::failure ? unpack(answer.text)
                                              : Error(ECHILD, "lxc.idmap", "the process that writes id maps died");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) throw Error::last("make mounts private", "/");
}

void with_user_privilege(const IdMap& container_map, const std::function<void()>& body) {
    auto [ours, theirs] = Channel::pair();
    const Clone child = clone_process({});
    if (child.pid == 0) {
        ours.close();
        work_and_end(theirs, [&] {
            enter_user_privilege(container_map);
            body();
            theirs.send('d');
        });
    }
    theirs.close();
    const Channel::Message answer = ours.receive();
    const int status = reap(child.pidfd.get());
    if (answer.kind == Channel::failure) throw unpack(answer.text);
    if (answer.kind != 'd')
        throw Error(ECHILD, "user namespace", cat("the process in it ended with status ", shell_status(status), ":"));
}

}  // namespace keelson::process
