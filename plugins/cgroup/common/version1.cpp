#include "version1.hpp"

#include "tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>
#include <thread>

namespace keelson::cgroup {

namespace {

void copy_from_parent(const std::string& path, const std::string& parent, const char* file) {
    const std::string own = cat(path, '/', file);
    const auto value = sdk::try_read_file(own);
    if (!value || !sdk::trim(*value).empty()) return;
    sdk::write_file(own, sdk::trim(sdk::read_file(cat(parent, '/', file))));
}

}  // namespace

void Version1::initialise(const Hierarchy& hierarchy, const std::string& path, const std::string& parent, Role) const {
    if (!hierarchy.has("cpuset")) return;
    copy_from_parent(path, parent, "cpuset.cpus");
    copy_from_parent(path, parent, "cpuset.mems");
    sdk::try_write_file(path + "/cgroup.clone_children", "1");
}

void Version1::delegate(const std::string& path, uint32_t uid, uint32_t gid) const {
    if (::chown(path.c_str(), uid, gid) == 0) ::chmod(path.c_str(), 0775);
    for (const char* file : {"/cgroup.procs", "/tasks"})
        if (::chown((path + file).c_str(), uid, gid) == 0) ::chmod((path + file).c_str(), 0664);
}

void Version1::enter(const sdk::Context& context, const std::string& path, Role, sdk::CgroupEntry& entry) const {
    const UniqueFd cgroup = open_owned(path, context.directory(), context.by_ordinary_user());
    UniqueFd tasks(::openat(cgroup.get(), "tasks", O_WRONLY | O_CLOEXEC));
    if (!tasks) throw Error::last("open", path + "/tasks");
    entry.tasks.push_back(std::move(tasks));
}

void Version1::lead_out(pid_t pid, const Hierarchy& hierarchy, const std::string&) const {
    const std::string door = hierarchy.base_directory() + "/tasks";
    const int code = sdk::try_write_file(door, cat(pid));
    if (code != 0 && code != ESRCH) throw Error(code, door, cat("lead process ", pid, " out into"));
}

void Version1::freeze(const std::string& path, bool frozen, Deadline deadline) const {
    const std::string file = path + "/freezer.state";
    const std::string_view wanted = frozen ? "FROZEN" : "THAWED";
    auto pause = std::chrono::microseconds(100);
    for (;;) {
        // writing it again is how a freeze goes on that met a process that could not be stopped at once
        // (freezer-subsystem.rst)
        sdk::write_file(file, wanted);
        if (sdk::trim(sdk::read_file(file)) == wanted) return;
        if (std::chrono::steady_clock::now() >= deadline) break;
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, std::chrono::microseconds(10'000));
    }
    throw Error(ETIMEDOUT, path, frozen ? "freeze" : "thaw",
                frozen ? "a process inside cannot be stopped now; nothing is left frozen" : "is a cgroup above it frozen?");
}

void Version1::release(const std::string& path) const { thaw_below(path); }

sdk::FrozenFile Version1::frozen_file(const std::string& path) const { return {path + "/freezer.state", "THAWED"}; }

/// Looks only for the files of the hierarchy's own controllers: one that is not there is as dear as one that is.
void Version1::usage(const Hierarchy& hierarchy, const std::string& path, abi::CgroupUsage& usage) const {
    const auto set = [&](uint64_t& field, const char* file) {
        if (const auto number = number_in(path + file)) field = *number;
    };
    if (hierarchy.has("cpuacct")) set(usage.cpu_ns, "/cpuacct.usage");
    if (hierarchy.has("pids")) set(usage.tasks, "/pids.current");
    if (hierarchy.has("memory")) {
        set(usage.memory_bytes, "/memory.usage_in_bytes");
        set(usage.kernel_memory_bytes, "/memory.kmem.usage_in_bytes");
        if (const auto both = number_in(path + "/memory.memsw.usage_in_bytes"); both && usage.memory_bytes != UINT64_MAX)
            usage.swap_bytes = *both - std::min(*both, usage.memory_bytes);
    }
    if (!hierarchy.has("blkio")) return;
    if (const auto text = sdk::try_read_file(path + "/blkio.throttle.io_service_bytes"))
        if (const auto total = number_after(*text, "Total")) usage.io_bytes = *total;
}

}  // namespace keelson::cgroup
