#include <kernel/base/error.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/environment.hpp>
#include <kernel/container/joining.hpp>
#include <kernel/process/credentials.hpp>
#include <kernel/process/settings.hpp>

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace keelson::container {
namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// -R: the container's processes seen with our own mounts.
void remount_sys_proc() {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        throw Error::last("make a mount namespace", "");
    for (const auto& [type, path] : {std::pair{"proc", "/proc"}, std::pair{"sysfs", "/sys"}}) {
        ::umount2(path, MNT_DETACH);
        if (::mount(type, path, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) throw Error::last("mount", path);
    }
}

constexpr off_t largest_passwd = 4 * 1024 * 1024;

/// The container's own passwd(5), as far as it is one: whatever else may have that name, such as a FIFO or a link to a device
/// without an end, holds nobody up.
std::string read_passwd() {
    const UniqueFd file(::open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat facts {};
    if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size > largest_passwd) return {};
    std::string text(static_cast<size_t>(facts.st_size), '\0');
    size_t filled = 0;
    for (ssize_t count = 1; count > 0 && filled < text.size(); filled += static_cast<size_t>(std::max<ssize_t>(count, 0)))
        count = ::read(file.get(), text.data() + filled, text.size() - filled);
    text.resize(filled);
    return text;
}

/// The shell of a user there, read by hand: name services would load the container's libraries.
std::string shell_of(uint32_t uid) {
    const std::string passwd = read_passwd();
    for (const std::string_view line : base::split(passwd, '\n')) {
        const std::vector<std::string_view> fields = base::split(line, ':');
        if (fields.size() == 7 && base::parse_unsigned(fields[2]) == uid && !fields[6].empty()) return std::string(fields[6]);
    }
    return "/bin/sh";
}

}  // namespace

void Joining::become() {
    try {
        take_place();
        confine();
        take_ids();
        const std::vector<std::string> words = command();
        set_environment();
        process::set_limits(of_file, 0);
        turns.about_to_exec({});
        execute(words);
    } catch (const std::exception& error) {
        turns.fail(base::as_error(error));
    }
    ::_exit(1);
}

void Joining::take_place() {
    // First: it takes capabilities, and is a promise about whatever runs here.
    process::share_core_scheduling(session.config(), init);
    // The one that `confine` joins is the container's root's, which can have used up its keys (keyrings(7)). This one is left
    // then, and not the caller's.
    process::join_session_keyring(session.config());
    place.enter_v1();
    place = {};
    if ((namespaces & CLONE_NEWCGROUP) != 0 && ::setns(init_pidfd, CLONE_NEWCGROUP) != 0)
        throw Error::last("join the container's cgroup namespace", "");
    if (options.remount_sys_proc) remount_sys_proc();
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (pty.peer) {
        ::setsid();
        ::ioctl(pty.peer.get(), TIOCSCTTY, 0);
        for (const int fd : {0, 1, 2}) {
            if (::isatty(fd) != 0) ::dup2(pty.peer.get(), fd);
        }
    }
    // Joining a mount namespace puts us at its root; people expect to stay where they were if that exists inside.
    const char* cwd = ::getenv("PWD");
    if (cwd == nullptr || cwd[0] != '/' || ::chdir(cwd) != 0) {
        if (::chdir("/") != 0) throw Error::last("enter", "/");
    }
}

void Joining::confine() {
    if (options.personality)
        ::personality(*options.personality);
    else
        process::set_personality(session.config());
    if ((namespaces & CLONE_NEWUSER) != 0) process::become_namespace_root(0, 0);
    if (!options.skip_capabilities) process::drop_capabilities(session.config());
    if (options.skip_lsm) return process::join_session_keyring(session.config());
    const bool needs_proc = host_proc < 0 && confinement.writes_labels();
    const UniqueFd own_proc = needs_proc ? filesystem::RootfsSetup::private_proc() : UniqueFd();
    const int proc = own_proc ? own_proc.get() : host_proc;
    confinement.with_labelled_keys(proc, [&] { process::join_session_keyring(session.config()); });
    confinement.apply(proc);
}

void Joining::take_ids() { process::take_ids(options.uid.value_or(0), options.gid.value_or(0), {}); }

std::vector<std::string> Joining::command() const {
    if (!options.command.empty()) return options.command;
    return {shell_of(::getuid())};
}

void Joining::set_environment() const {
    if (options.clear_environment) {
        std::vector<std::pair<std::string, std::string>> kept;
        for (const std::string& name : options.keep_variables) {
            if (const char* value = ::getenv(name.c_str())) kept.emplace_back(name, value);
        }
        ::clearenv();
        process::set_variable("PATH", default_path);
        for (const auto& [name, value] : kept) process::set_variable(name, value);
    }
    if (::getenv("PATH") == nullptr) process::set_variable("PATH", default_path);
    process::set_variable("container", "lxc");
    for (const auto& [name, value] : variables_of(of_file, {"lxc.environment", "lxc.environment.runtime"}))
        process::set_variable(name, value);
    for (const std::string& variable : options.set_variables) {
        const size_t equals = variable.find('=');
        if (equals == std::string::npos)
            ::unsetenv(variable.c_str());
        else
            process::set_variable(variable.substr(0, equals), variable.substr(equals + 1));
    }
}

void Joining::execute(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execvp(argv[0], argv.data());
    const int cause = errno;
    const std::string text = cat("keelson: execute ", words.front(), " in the container: ", ::strerror(cause), "\n");
    [[maybe_unused]] const ssize_t written = ::write(2, text.data(), text.size());
    ::_exit(cause == ENOENT ? 127 : cause == EACCES || cause == ENOEXEC ? 126 : 255);
}

}  // namespace keelson::container
