#include <kernel/base/error.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/monitor/command_client.hpp>
#include <kernel/process/channel.hpp>
#include <kernel/process/credentials.hpp>
#include <kernel/process/namespaces.hpp>
#include <kernel/process/shared_namespaces.hpp>
#include <kernel/process/user_privilege.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keelson::process {
namespace {

pid_t init_of(const std::string& container, const std::string& lxcpath) {
    const size_t slash = container.rfind('/');
    const std::string path = slash == std::string::npos ? lxcpath : container.substr(0, slash);
    monitor::CommandClient client(path, container.substr(slash + 1));
    const std::optional<pid_t> pid = client.init_pid();
    if (!pid) throw Error(ESRCH, container, "the container whose namespace is shared does not run", "start it first");
    return *pid;
}

bool is_directory(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

UniqueFd open_one(const std::string& value, std::string_view kind, const std::string& lxcpath) {
    if (value.starts_with('/') && !is_directory(value)) return base::open_file(value, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    const auto number = base::parse_unsigned(value);
    const pid_t pid = number ? static_cast<pid_t>(*number) : init_of(value, lxcpath);
    return base::open_file(cat("/proc/", pid, "/ns/", kind), O_RDONLY);
}

/// All that is mounted for the container would be there for the whole host.
void refuse_own_mounts(const SharedNamespace& shared) {
    if (shared.flag != CLONE_NEWNS) return;
    struct stat ours {
    }, given{};
    if (::stat("/proc/self/ns/mnt", &ours) != 0 || ::fstat(shared.fd.get(), &given) != 0)
        throw Error::last("look at", shared.key);
    if (ours.st_ino == given.st_ino && ours.st_dev == given.st_dev)
        throw Error(EINVAL, shared.key, "this is the host's mount namespace:", "share that of a container");
}

void enter(const SharedNamespace& shared) {
    if (::setns(shared.fd.get(), static_cast<int>(shared.flag)) == 0) return;
    throw Error::last("enter the namespace of", shared.key,
                      errno == EPERM    ? "it must belong to a user namespace that we have all rights in"
                      : errno == EINVAL ? "is it a namespace of this kind?"
                                        : "");
}

/// The user namespace last: what belongs to the host cannot be entered from within it.
void enter_before_birth(const std::vector<SharedNamespace>& shared) {
    for (const SharedNamespace& one : shared) {
        if (one.flag != CLONE_NEWUSER && one.flag != CLONE_NEWCGROUP) enter(one);
    }
    for (const SharedNamespace& one : shared) {
        if (one.flag == CLONE_NEWUSER) enter(one);
    }
}

constexpr char born = 'b';

/// [between] Returns in the child alone.
Clone make_sibling(CloneRequest request, const std::vector<SharedNamespace>& shared, Channel& parent) {
    try {
        if ((flags_of(shared) & CLONE_NEWUSER) != 0 && !is_ordinary_user()) withhold_from_namespace_root();
        enter_before_birth(shared);
        request.flags |= CLONE_PARENT;
        Clone child = clone_process(request);
        if (child.pid == 0) return child;
        parent.send(born, cat(child.pid), {child.pidfd.get()});
        ::_exit(0);
    } catch (const std::exception& error) {
        parent.fail(base::as_error(error));
    }
    ::_exit(1);
}

}  // namespace

std::vector<SharedNamespace> open_shared(const config::Config& config, const std::string& lxcpath, const std::string& name) {
    std::vector<SharedNamespace> shared;
    for (const NamespaceKind& kind : namespace_kinds()) {
        const std::string key = cat("lxc.namespace.share.", kind.name);
        const std::string value = config.get(key);
        if (value.empty()) continue;
        if (value == name || value == cat(lxcpath, "/", name))
            throw Error(EINVAL, key, "the container would share a namespace with itself:", "name another container");
        shared.push_back({key, kind.flag, open_one(value, kind.name, lxcpath)});
        refuse_own_mounts(shared.back());
    }
    return shared;
}

uint64_t flags_of(const std::vector<SharedNamespace>& shared) noexcept {
    uint64_t flags = 0;
    for (const SharedNamespace& one : shared) flags |= one.flag;
    return flags;
}

Clone clone_into(const CloneRequest& request, const std::vector<SharedNamespace>& shared) {
    if (shared.empty()) return clone_process(request);
    auto [ours, theirs] = Channel::pair();
    const Clone between = clone_process({});
    if (between.pid == 0) {
        ours.close();
        return make_sibling(request, shared, theirs);
    }
    theirs.close();
    Channel::Message message = ours.receive();
    reap(between.pidfd.get());
    if (message.kind == Channel::failure) throw unpack(message.text);
    if (message.kind != born || message.fds.empty()) throw Error(ECHILD, "", "nobody was born into the shared namespaces");
    return {static_cast<pid_t>(base::parse_unsigned(message.text).value_or(0)), std::move(message.fds.front())};
}

void enter_shared_cgroup(const std::vector<SharedNamespace>& shared) {
    for (const SharedNamespace& one : shared) {
        if (one.flag == CLONE_NEWCGROUP) enter(one);
    }
}

}  // namespace keelson::process
