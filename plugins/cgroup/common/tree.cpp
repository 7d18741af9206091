#include "tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

namespace keelson::cgroup {

namespace {

const char* mark_for(bool ordinary_user) { return ordinary_user ? "user.keelson" : "trusted.keelson"; }

std::vector<std::string> children(const std::string& path) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
    }
    return names;
}

/// Kills by pidfd, and only what is in the cgroup after the pidfd was taken: no number that was used again gets the signal.
void kill_directly_in(const std::string& path) {
    std::vector<std::pair<pid_t, UniqueFd>> targets;
    for (const pid_t pid : processes(path))
        if (pid != ::getpid()) targets.emplace_back(pid, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
    const std::vector<pid_t> still = processes(path);
    for (const auto& [pid, fd] : targets) {
        if (std::ranges::find(still, pid) == still.end()) continue;
        if (fd) ::syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0);
    }
}

void kill_below(const std::string& path) {
    for (const std::string& name : children(path)) kill_below(cat(path, '/', name));
    kill_directly_in(path);
}

/// Is the calling process in it or below? /proc is not asked: the caller may sit in another cgroup namespace.
bool holds_us(const std::string& path) {
    const std::vector<pid_t> inside = processes(path);
    if (std::ranges::find(inside, ::getpid()) != inside.end()) return true;
    return std::ranges::any_of(children(path), [&](const std::string& name) { return holds_us(cat(path, '/', name)); });
}

std::string hint_for_making(int code, bool ordinary_user) {
    if (code == EROFS)
        return "the cgroups are mounted read-only here: remount them, or do without by keelson.cgroup.driver = none";
    if (code == EACCES && ordinary_user)
        return "the directory above is not delegated to the user: systemd-run --user --scope -p Delegate=yes makes one that is";
    if (code == EAGAIN) return "cgroup.max.descendants or cgroup.max.depth of a cgroup above is reached";
    return {};
}

}  // namespace

bool is_hierarchy_root(const std::string& directory) { return ::access((directory + "/cgroup.type").c_str(), F_OK) != 0; }

std::vector<pid_t> processes(const std::string& path) {
    std::vector<pid_t> pids;
    std::optional<std::string> text = sdk::try_read_file(path + "/cgroup.procs");
    if (!text) text = sdk::try_read_file(path + "/cgroup.threads");
    if (!text) return pids;
    for (const std::string_view line : sdk::split(*text, '\n'))
        if (const auto pid = sdk::parse_number<pid_t>(line); pid && *pid > 0) pids.push_back(*pid);
    return pids;
}

std::optional<std::string> owner_of(const std::string& path, bool ordinary_user) {
    char value[4096];
    const ssize_t size = ::lgetxattr(path.c_str(), mark_for(ordinary_user), value, sizeof value);
    if (size < 0 && errno == ENOENT) return std::nullopt;
    if (size < 0 && errno != ENODATA && errno != EOPNOTSUPP) throw Error::last("read the mark of", path);
    return size > 0 ? std::string(value, static_cast<size_t>(size)) : std::string();
}

bool make_marked(const std::string& path, const std::string& owner, bool ordinary_user) {
    if (::mkdir(path.c_str(), 0755) != 0) {
        if (errno == EEXIST) return false;
        const int code = errno;
        throw Error(code, path, "make cgroup", hint_for_making(code, ordinary_user));
    }
    ::lsetxattr(path.c_str(), mark_for(ordinary_user), owner.data(), owner.size(), 0);
    return true;
}

bool populated(const std::string& path) {
    if (const auto events = sdk::try_read_file(path + "/cgroup.events"))
        return events->find("populated 1") != std::string::npos;
    if (!processes(path).empty()) return true;
    return std::ranges::any_of(children(path), [&](const std::string& name) { return populated(cat(path, '/', name)); });
}

void kill_processes(const std::string& path) noexcept try {
    if (!holds_us(path) && sdk::try_write_file(path + "/cgroup.kill", "1") == 0) return;
    kill_below(path);
    thaw_below(path);
} catch (...) {
}

void thaw_below(const std::string& path) {
    const int code = sdk::try_write_file(path + "/freezer.state", "THAWED");
    const bool is_no_freezer = code == ENOENT || code == ENODEV;  // or has just been removed
    if (code != 0 && !is_no_freezer) throw Error(code, path, "thaw");
    for (const std::string& name : children(path)) thaw_below(cat(path, '/', name));
}

bool is_gone_by_rmdir(const std::string& path) {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
    const int code = errno;
    // rmdir(2) of what is not there is EROFS too
    const bool gone = code == EROFS && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
    errno = code;
    return gone;
}

bool remove_empty(const std::string& path) {
    if (is_gone_by_rmdir(path)) return true;
    if (errno != EBUSY && errno != ENOTEMPTY) throw Error::last("remove cgroup", path);
    if (populated(path)) return false;
    for (const std::string& name : children(path)) remove_empty(cat(path, '/', name));
    if (is_gone_by_rmdir(path)) return true;
    if (errno == EBUSY || errno == ENOTEMPTY) return false;
    throw Error::last("remove cgroup", path);
}

bool remove_killing(const std::string& path, Deadline deadline) {
    auto pause = std::chrono::microseconds(200);
    while (!remove_empty(path)) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        kill_processes(path);
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, std::chrono::microseconds(20'000));
    }
    return true;
}

}  // namespace keelson::cgroup
