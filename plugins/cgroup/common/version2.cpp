#include "version2.hpp"

#include "tree.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>
#include <climits>

namespace keelson::cgroup {

namespace {

/// Not with processes in the directory: those controllers that may still be passed on are the threaded ones, and with them no
/// cgroup below could hold a process (cgroups(7), "thread root").
void enable_controllers(const std::string& directory) {
    if (!is_hierarchy_root(directory) && !processes(directory).empty()) return;
    const std::string file = directory + "/cgroup.subtree_control";
    const std::string available = sdk::try_read_file(directory + "/cgroup.controllers").value_or("");
    const std::string enabled = sdk::try_read_file(file).value_or("");
    const auto have = sdk::split(sdk::trim(enabled), ' ');
    std::vector<std::string> missing;
    for (const std::string_view controller : sdk::split(sdk::trim(available), ' '))
        if (std::ranges::find(have, controller) == have.end()) missing.push_back(cat('+', controller));
    if (missing.empty()) return;

    std::string all;
    for (const std::string& one : missing) all += one + " ";
    if (sdk::try_write_file(file, all) == 0 || missing.size() == 1) return;
    for (const std::string& one : missing) sdk::try_write_file(file, one);
}

/// Waits for a line "WORD VALUE" in cgroup.events, which the kernel announces by POLLPRI.
bool wait_for_event(const std::string& path, std::string_view word, uint64_t value, Deadline deadline) {
    const std::string file = path + "/cgroup.events";
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw Error::last("open", file);
    for (;;) {
        if (::lseek(fd.get(), 0, SEEK_SET) < 0) throw Error::last("read", file);
        if (number_after(sdk::read_all(fd.get(), file), word) == value) return true;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd wait{fd.get(), POLLPRI, 0};
        ::poll(&wait, 1, static_cast<int>(std::min<int64_t>(left.count(), INT_MAX)));
    }
}

/// That a cgroup takes no processes, or not ours, and not that something failed just now.
bool is_refusal(int code) {
    static constexpr int refusals[] = {EBUSY, EOPNOTSUPP, EINVAL, EACCES, ENOENT, EROFS};
    return std::ranges::find(refusals, code) != std::end(refusals);
}

uint64_t transferred_bytes(std::string_view io_stat) {
    uint64_t sum = 0;
    for (const std::string_view line : sdk::split(io_stat, '\n'))
        for (const std::string_view word : sdk::split(line, ' '))
            for (const std::string_view name : {"rbytes=", "wbytes="})
                if (word.starts_with(name)) sum += sdk::parse_number<uint64_t>(word.substr(name.size())).value_or(0);
    return sum;
}

}  // namespace

void Version2::initialise(const Hierarchy&, const std::string& path, const std::string& parent, Role role) const {
    if (role != Role::monitor) enable_controllers(parent);
    if (role == Role::monitor && is_hierarchy_root(parent)) sdk::try_write_file(path + "/cgroup.type", "threaded");
}

void Version2::delegate(const std::string& path, uint32_t uid, uint32_t gid) const {
    if (::chown(path.c_str(), uid, gid) == 0) ::chmod(path.c_str(), 0775);
    // which files belong to whom a cgroup is delegated to: one name a line
    const std::string files =
        sdk::try_read_file("/sys/kernel/cgroup/delegate").value_or("cgroup.procs\ncgroup.threads\ncgroup.subtree_control");
    for (const std::string_view name : sdk::split(files, '\n')) {
        const std::string file = cat(path, '/', name);
        if (::chown(file.c_str(), uid, gid) == 0) ::chmod(file.c_str(), 0664);
    }
}

void Version2::enter(const sdk::Context& context, const std::string& path, Role role, sdk::CgroupEntry& entry) const {
    std::string target = path;
    if (role != Role::monitor && !sdk::trim(sdk::try_read_file(path + "/cgroup.subtree_control").value_or("")).empty()) {
        target += "/.lxc";
        make_marked(target, context.directory(), context.by_ordinary_user());
    }
    entry.unified = open_owned(target, context.directory(), context.by_ordinary_user());
}

void Version2::lead_out(pid_t pid, const Hierarchy& hierarchy, const std::string& pivot) const {
    const std::string base = hierarchy.base_directory();
    for (const char* file : {"/cgroup.threads", "/cgroup.procs"}) {
        const std::string door = base + file;
        const int code = sdk::try_write_file(door, cat(pid));
        if (code == 0 || code == ESRCH) return;
        if (!is_refusal(code)) throw Error(code, door, cat("lead process ", pid, " out into"));
    }
    const std::string refuge = hierarchy.directory(pivot);
    if (::mkdir(refuge.c_str(), 0755) != 0 && errno != EEXIST) throw Error::last("make cgroup", refuge);
    sdk::write_file(refuge + "/cgroup.procs", cat(pid));
}

void Version2::freeze(const std::string& path, bool frozen, Deadline deadline) const {
    const std::string file = path + "/cgroup.freeze";
    sdk::write_file(file, frozen ? "1" : "0");
    if (wait_for_event(path, "frozen", frozen ? 1 : 0, deadline)) return;
    throw Error(ETIMEDOUT, path, frozen ? "freeze" : "thaw",
                frozen ? "a process inside cannot be stopped now; nothing is left frozen" : "is a cgroup above it frozen?");
}

void Version2::release(const std::string& path) const { sdk::write_file(path + "/cgroup.freeze", "0"); }

sdk::FrozenFile Version2::frozen_file(const std::string& path) const { return {path + "/cgroup.freeze", "0"}; }

void Version2::usage(const Hierarchy&, const std::string& path, abi::CgroupUsage& usage) const {
    const auto set = [](uint64_t& field, std::optional<uint64_t> value, uint64_t factor = 1) {
        if (value) field = *value * factor;
    };
    const std::string cpu = sdk::try_read_file(path + "/cpu.stat").value_or("");
    const std::string memory = sdk::try_read_file(path + "/memory.stat").value_or("");
    set(usage.cpu_ns, number_after(cpu, "usage_usec"), 1000);
    set(usage.memory_bytes, number_in(path + "/memory.current"));
    set(usage.kernel_memory_bytes, number_after(memory, "kernel"));
    set(usage.swap_bytes, number_in(path + "/memory.swap.current"));
    set(usage.tasks, number_in(path + "/pids.current"));
    if (const auto io = sdk::try_read_file(path + "/io.stat")) usage.io_bytes = transferred_bytes(*io);
}

}  // namespace keelson::cgroup
