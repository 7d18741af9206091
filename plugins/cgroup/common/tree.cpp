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

constexpr size_t longest_mark = 4096;

const char* mark_for(bool ordinary_user) { return ordinary_user ? "user.keelson" : "trusted.keelson"; }

UniqueFd open_directory(int from, const char* name) {
    return UniqueFd(::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::vector<std::string> children(int cgroup) {
    std::vector<std::string> names;
    UniqueFd reader = open_directory(cgroup, ".");
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(reader ? ::fdopendir(reader.get()) : nullptr, ::closedir);
    if (directory) (void)reader.release();
    while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
    }
    return names;
}

/// Calls `visit(directory, name)` for each cgroup below and at last for the top, those further down first, until it returns
/// true. Never by path, which may be longer than the kernel takes, with one descriptor, and without recursion: how deep it
/// goes is up to the container.
template <typename Visit>
bool visit_tree(const std::string& top, Visit&& visit) {
    UniqueFd here = open_directory(AT_FDCWD, top.c_str());
    if (!here) return false;
    // of each level down to `here` what is still to be visited; the last but of the deepest level leads on to `here`
    std::vector<std::vector<std::string>> levels{children(here.get())};
    for (;;) {
        if (!levels.back().empty()) {
            UniqueFd below = open_directory(here.get(), levels.back().back().c_str());
            if (!below) {  // gone by itself
                levels.back().pop_back();
                continue;
            }
            here = std::move(below);
            levels.push_back(children(here.get()));
            continue;
        }
        levels.pop_back();
        if (visit(here.get(), levels.empty() ? top : levels.back().back())) return true;
        if (levels.empty()) return false;
        levels.back().pop_back();
        here = open_directory(here.get(), "..");
        if (!here) throw Error::last("go up in the cgroup", top);
    }
}

std::optional<std::string> try_read_at(int directory, const std::string& file) try {
    const UniqueFd fd(::openat(directory, file.c_str(), O_RDONLY | O_CLOEXEC));
    return fd ? std::optional(sdk::read_all(fd.get(), file)) : std::nullopt;
} catch (const Error&) {
    return std::nullopt;
}

/// `prefix`: what leads from the directory to the files, with its slash.
std::vector<pid_t> processes_at(int directory, const std::string& prefix = {}) {
    std::vector<pid_t> pids;
    std::optional<std::string> text = try_read_at(directory, prefix + "cgroup.procs");
    if (!text) text = try_read_at(directory, prefix + "cgroup.threads");
    if (!text) return pids;
    for (const std::string_view line : sdk::split(*text, '\n'))
        if (const auto pid = sdk::parse_number<pid_t>(line); pid && *pid > 0) pids.push_back(*pid);
    return pids;
}

/// Kills by pidfd, and only what is in the cgroup after the pidfd was taken: no number that was used again gets the signal.
void kill_directly_in(int cgroup) {
    std::vector<std::pair<pid_t, UniqueFd>> targets;
    for (const pid_t pid : processes_at(cgroup))
        if (pid != ::getpid()) targets.emplace_back(pid, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
    const std::vector<pid_t> still = processes_at(cgroup);
    for (const auto& [pid, fd] : targets) {
        if (std::ranges::find(still, pid) == still.end()) continue;
        if (fd) ::syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0);
    }
}

void kill_below(const std::string& path) {
    visit_tree(path, [](int cgroup, const std::string&) {
        kill_directly_in(cgroup);
        return false;
    });
}

/// Is the calling process in it or below? /proc is not asked: the caller may sit in another cgroup namespace.
bool holds_us(const std::string& path) {
    return visit_tree(path, [](int cgroup, const std::string&) {
        const std::vector<pid_t> inside = processes_at(cgroup);
        return std::ranges::find(inside, ::getpid()) != inside.end();
    });
}

/// What is in use stays.
void remove_below(const std::string& path) {
    visit_tree(path, [&](int cgroup, const std::string& name) {
        if (name == path || ::unlinkat(cgroup, cat("../", name).c_str(), AT_REMOVEDIR) == 0) return false;
        if (errno != EBUSY && errno != ENOTEMPTY && errno != ENOENT)
            throw Error::last(cat("remove ", name, " in cgroup"), path);
        return false;
    });
}

/// False if it carries one.
bool mark(const std::string& path, const std::string& owner, bool ordinary_user) {
    if (::lsetxattr(path.c_str(), mark_for(ordinary_user), owner.data(), owner.size(), XATTR_CREATE) == 0) return true;
    if (errno == ENOENT) throw Error::last("mark cgroup", path);
    return errno != EEXIST;
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

std::vector<pid_t> processes(const std::string& path) { return processes_at(AT_FDCWD, path + "/"); }

std::optional<std::string> owner_of(const std::string& path, bool ordinary_user) {
    char value[longest_mark];
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
    return mark(path, owner, ordinary_user);
}

UniqueFd open_owned(const std::string& path, const std::string& owner, bool ordinary_user) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) throw Error::last("open cgroup", path);
    char value[longest_mark];
    const ssize_t size = ::fgetxattr(fd.get(), mark_for(ordinary_user), value, sizeof value);
    if (size > 0 && std::string_view(value, static_cast<size_t>(size)) != owner)
        throw Error(EBUSY, path, cat("the container ", std::string(value, static_cast<size_t>(size)), " has taken the cgroup"));
    return fd;
}

bool populated(const std::string& path) {
    if (const auto events = sdk::try_read_file(path + "/cgroup.events"))
        return events->find("populated 1") != std::string::npos;
    return visit_tree(path, [](int cgroup, const std::string&) { return !processes_at(cgroup).empty(); });
}

void kill_processes(const std::string& path) noexcept try {
    if (!holds_us(path) && sdk::try_write_file(path + "/cgroup.kill", "1") == 0) return;
    kill_below(path);
    thaw_below(path);
} catch (...) {
}

void thaw_below(const std::string& path) {
    visit_tree(path, [&](int cgroup, const std::string&) {
        const UniqueFd state(::openat(cgroup, "freezer.state", O_WRONLY | O_CLOEXEC));
        const bool thawed = state && ::write(state.get(), "THAWED", 6) == 6;
        const bool is_no_freezer = !thawed && (errno == ENOENT || errno == ENODEV);  // or has just been removed
        if (!thawed && !is_no_freezer) throw Error::last("thaw", path);
        return false;
    });
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
    remove_below(path);
    if (is_gone_by_rmdir(path)) return true;
    if (errno == EBUSY || errno == ENOTEMPTY) return false;
    throw Error::last("remove cgroup", path);
}

bool remove_unmarked(const std::string& path, const std::string& owner, bool ordinary_user) try {
    if (populated(path) || !mark(path, owner, ordinary_user)) return false;
    if (remove_empty(path)) return true;
    ::lremovexattr(path.c_str(), mark_for(ordinary_user));
    return false;
} catch (const Error& error) {
    if (error.code() != ENOENT) throw;
    return true;
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
