#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/namespaces.hpp>

#include <fcntl.h>
#include <sched.h>
#include <strings.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace keelson::process {
namespace {

uint64_t flags_of(const config::Config& config, std::string_view key) {
    uint64_t flags = 0;
    for (const std::string& value : config.list(key)) {
        for (const std::string_view word : base::words(value)) flags |= namespace_flag(word).value_or(0);
    }
    return flags;
}

bool offsets_clocks(const config::Config& config) {
    return config.is_set("lxc.time.offset.boot") || config.is_set("lxc.time.offset.monotonic");
}

uint64_t default_namespaces(const config::Config& config, bool host_network) {
    uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
    if (!host_network) flags |= CLONE_NEWNET;
    if (has_cgroup_namespaces()) flags |= CLONE_NEWCGROUP;
    if (config.is_set("lxc.idmap")) flags |= CLONE_NEWUSER;
    if (offsets_clocks(config)) flags |= CLONE_NEWTIME;
    return flags;
}

/// The host's clocks are not to be moved.
void refuse_kept_time(const config::Config& config, uint64_t kept) {
    if ((kept & CLONE_NEWTIME) == 0 || !offsets_clocks(config)) return;
    throw Error(EINVAL, "lxc.time.offset", "the host's time namespace is kept, so its clocks cannot be set by",
                "take time out of lxc.namespace.keep");
}

/// What is mounted for the container, and the root that it pivots to, would be those of everybody in it.
void refuse_others_mounts(const config::Config& config, uint64_t flags) {
    if ((flags & CLONE_NEWNS) != 0) return;
    if (!config.is_set("lxc.namespace.share.mnt")) {
        const char* key = config.is_set("lxc.namespace.keep") ? "lxc.namespace.keep" : "lxc.namespace.clone";
        throw Error(EINVAL, key, "a container without a mount namespace of its own would mount for the whole host:",
                    config.is_set("lxc.namespace.keep") ? "take mnt out of it" : "add mnt to it");
    }
    if (config.is_set("lxc.rootfs.path")) {
        throw Error(EINVAL, "lxc.namespace.share.mnt", "whose mount namespace it is would get the rootfs of this container:",
                    "leave lxc.rootfs.path out, and the container has the other one's");
    }
}

uint64_t all_namespaces() {
    uint64_t flags = 0;
    for (const NamespaceKind& kind : namespace_kinds()) flags |= kind.flag;
    return flags;
}

}  // namespace

const std::array<NamespaceKind, 8>& namespace_kinds() {
    static constexpr std::array<NamespaceKind, 8> kinds{{{"user", "USER", CLONE_NEWUSER},
                                                         {"mnt", "MOUNT", CLONE_NEWNS},
                                                         {"pid", "PID", CLONE_NEWPID},
                                                         {"uts", "UTSNAME", CLONE_NEWUTS},
                                                         {"ipc", "IPC", CLONE_NEWIPC},
                                                         {"net", "NETWORK", CLONE_NEWNET},
                                                         {"cgroup", "CGROUP", CLONE_NEWCGROUP},
                                                         {"time", "TIME", CLONE_NEWTIME}}};
    return kinds;
}

bool has_cgroup_namespaces() {
    static const bool has = base::exists("/proc/self/ns/cgroup");
    return has;
}

std::optional<uint64_t> namespace_flag(std::string_view name) {
    const auto same = [&](std::string_view other) {
        return name.size() == other.size() && ::strncasecmp(name.data(), other.data(), name.size()) == 0;
    };
    for (const NamespaceKind& kind : namespace_kinds()) {
        if (same(kind.name) || same(kind.alias)) return kind.flag;
    }
    return std::nullopt;
}

uint64_t wanted_namespaces(const config::Config& config, bool host_network) {
    uint64_t flags = default_namespaces(config, host_network);
    if (config.is_set("lxc.namespace.clone")) flags = flags_of(config, "lxc.namespace.clone");
    if (config.is_set("lxc.namespace.keep")) {
        const uint64_t kept = flags_of(config, "lxc.namespace.keep");
        refuse_kept_time(config, kept);
        flags = all_namespaces() & ~kept;
    }
    for (const NamespaceKind& kind : namespace_kinds()) {
        if (config.is_set(cat("lxc.namespace.share.", kind.name))) flags &= ~kind.flag;
    }
    refuse_others_mounts(config, flags);
    return flags;
}

NamespaceSet::NamespaceSet(pid_t pid, uint64_t flags) { add(pid, flags); }

void NamespaceSet::add(pid_t pid, uint64_t flags) {
    pid_ = pid;
    for (size_t i = 0; i < fds_.size(); ++i) {
        const NamespaceKind& kind = namespace_kinds()[i];
        if ((flags & kind.flag) != 0 && !fds_[i]) fds_[i] = base::open_file(cat("/proc/", pid, "/ns/", kind.name), O_RDONLY);
    }
}

void NamespaceSet::put(uint64_t flag, UniqueFd fd) noexcept {
    for (size_t i = 0; i < fds_.size(); ++i) {
        if (namespace_kinds()[i].flag == flag) fds_[i] = std::move(fd);
    }
}

void NamespaceSet::pack(base::Packer& packed) const {
    packed.number(pid_);
    for (const UniqueFd& fd : fds_) packed.fd(fd.get());
}

NamespaceSet::NamespaceSet(base::Unpacker& packed) : pid_(packed.number<pid_t>()) {
    for (UniqueFd& fd : fds_) fd = packed.fd();
}

int NamespaceSet::fd(uint64_t flag) const noexcept {
    for (size_t i = 0; i < fds_.size(); ++i) {
        if (namespace_kinds()[i].flag == flag) return fds_[i].get();
    }
    return -1;
}

abi::NamespaceFds NamespaceSet::fds() const noexcept {
    return {sizeof(abi::NamespaceFds), pid_, fd(CLONE_NEWUSER), fd(CLONE_NEWNS), fd(CLONE_NEWNET), fd(CLONE_NEWPID)};
}

std::vector<std::pair<std::string_view, int>> NamespaceSet::all() const {
    std::vector<std::pair<std::string_view, int>> found;
    for (size_t i = 0; i < fds_.size(); ++i) {
        if (fds_[i]) found.emplace_back(namespace_kinds()[i].name, fds_[i].get());
    }
    return found;
}

void NamespaceSet::close(uint64_t flag) noexcept {
    for (size_t i = 0; i < fds_.size(); ++i) {
        if (namespace_kinds()[i].flag == flag) fds_[i].reset();
    }
}

void NamespaceSet::close() noexcept {
    for (UniqueFd& fd : fds_) fd.reset();
}

}  // namespace keelson::process
