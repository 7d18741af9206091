#include "world.hpp"

#include <keelson/sdk/file.hpp>

#include <fcntl.h>
#include <linux/loop.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

namespace keelson::fault {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* user = "kltuser";
constexpr uid_t user_id = 48213, first_id = 700000;
constexpr const char* run_of_user = "/run/user/48213";
/// How the names of cgroups end that are the user's.
constexpr const char* delegated = "-own";

void nap(milliseconds time) {
    const timespec duration{0, std::chrono::nanoseconds(time).count()};
    ::nanosleep(&duration, nullptr);
}

void mount_or_throw(const char* source, const std::string& target, const char* type, unsigned long flags) {
    if (::mount(source, target.c_str(), type, flags, nullptr) != 0) throw Error::last("mount", target);
}

void must(const std::vector<std::string>& words) {
    const Ran ran = run({words, {}});
    if (ran.status != 0) throw Error(0, words.front(), cat("ended with ", ran.status, ": ", ran.output, ":"));
}

void end_processes() {
    for (int tries = 0; tries < 500 && !other_processes().empty(); ++tries) {
        ::kill(-1, SIGKILL);
        while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0) continue;
        nap(milliseconds(2));
    }
}

/// We are the world's first process: who has lost its parent is our child, and a container that it has joined does not end
/// before it is reaped.
bool has_ended(pid_t pid, int& status) {
    int its = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &its, WNOHANG | __WALL)) > 0;) {
        if (ended != pid) continue;
        status = its;
        return true;
    }
    return false;
}

void thaw_and_remove(const std::string& cgroup) {
    sdk::try_write_file(cgroup + "/freezer.state", "THAWED");
    sdk::try_write_file(cgroup + "/cgroup.freeze", "0");
}

/// Those of the user, whatever is made in them.
bool is_delegated(const std::string& cgroup) { return cgroup.ends_with(delegated); }

/// The kernel lets go of a cgroup a little later than of its last process.
void remove_cgroups(const std::string& name, bool with_delegated) {
    for (int tries = 0; tries < 100; ++tries) {
        std::vector<std::string> left = cgroups_with(name);
        if (!with_delegated) std::erase_if(left, is_delegated);
        if (left.empty()) return;
        for (const std::string& cgroup : left) ::rmdir(cgroup.c_str());
        nap(milliseconds(10));
    }
}

}  // namespace

Ran run(const Command& command, std::chrono::seconds deadline) {
    const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
    const pid_t pid = ::fork();
    if (pid < 0) throw Error::last("fork", "");
    if (pid == 0) become(command, output.get());
    const auto end = steady_clock::now() + deadline;
    int status = 0;
    milliseconds pause(1);
    while (!has_ended(pid, status)) {
        if (steady_clock::now() > end) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, &status, 0);
            return {124, cat(command.words.front(), " did not end within ", deadline.count(), " s")};
        }
        nap(pause);
        pause = std::min(pause * 2, milliseconds(20));
    }
    ::lseek(output.get(), 0, SEEK_SET);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), sdk::read_all(output.get(), "output")};
}

World::World(std::string program, std::string name, std::string work, const std::string& storage, Owner owner)
    : program_(std::move(program)), name_(std::move(name)), work_(std::move(work)) {
    make_mounts();
    make_links();
    make_storage(storage);
    if (owner != Owner::root) make_user();
    if (owner == Owner::delegated) delegate_cgroups();
    mounts_ = mount_points();
}

World::~World() {
    lose_power();
    tidy(name_);
}

void World::tidy(const std::string& name) { remove_cgroups(name, true); }

void World::thaw(const std::string& name) {
    for (const std::string& cgroup : cgroups_with(name)) sdk::try_write_file(cgroup + "/freezer.state", "THAWED");
}

/// sysfs shows the network namespace that it was mounted in; what is mounted in it comes along.
void World::make_mounts() const {
    mount_or_throw(nullptr, "/", nullptr, MS_REC | MS_PRIVATE);
    mount_or_throw("klt", work_, "tmpfs", 0);
    mount_or_throw("proc", "/proc", "proc", 0);
    const std::string sys = work_ + "/sys";
    fs::create_directory(sys);
    mount_or_throw("sysfs", sys, "sysfs", 0);
    for (const char* part : {"/fs/cgroup", "/kernel/security"})
        if (fs::exists("/sys" + std::string(part)))
            mount_or_throw(("/sys" + std::string(part)).c_str(), sys + part, nullptr, MS_BIND | MS_REC);
    mount_or_throw(sys.c_str(), "/sys", nullptr, MS_MOVE);
    fs::remove(sys);
    mount_or_throw("klt", "/run", "tmpfs", 0);
    ::chmod("/run", 0755);
    fs::create_directory("/run/keelson");
    ::chmod("/run/keelson", 0700);
    ::chmod(work_.c_str(), 0755);
    fs::create_directory(lxcpath());
}

void World::make_links() const {
    must({"ip", "link", "set", "lo", "up"});
    must({"ip", "link", "add", "kltbr0", "address", "02:00:00:00:00:01", "type", "bridge"});
    must({"ip", "link", "set", "kltbr0", "up"});
    must({"ip", "link", "add", "kltp0", "type", "veth", "peer", "name", "kltp1"});
}

void World::make_storage(const std::string& storage) const {
    if (storage != "btrfs") return;
    must({"truncate", "-s", "128M", work_ + "/btrfs.image"});
    must({"mkfs.btrfs", "-q", work_ + "/btrfs.image"});
    must({"mount", "-o", "loop", work_ + "/btrfs.image", lxcpath()});
}

/// The user exists in this mount namespace only. Terminals belong to the group tty, as on any Debian.
void World::make_user() {
    const std::string home = work_ + "/home", mine = cat(user, ":", first_id, ":65536\n");
    const auto with_line = [&](const std::string& file, const std::string& line) {
        const std::string path = "/etc/" + file, copy = cat(work_, "/", file);
        const std::string text = sdk::try_read_file(path).value_or("");
        std::ofstream(copy) << (file.starts_with("sub") ? "" : text) << line;
        mount_or_throw(copy.c_str(), path, nullptr, MS_BIND);
    };
    with_line("passwd", cat(user, ":x:", user_id, ":", user_id, "::", home, ":/bin/sh\n"));
    with_line("group", cat(user, ":x:", user_id, ":\n"));
    with_line("subuid", mine);
    with_line("subgid", mine);
    must({"mount", "-t", "devpts", "-o", "newinstance,gid=5,mode=620,ptmxmode=666", "devpts", "/dev/pts"});
    mount_or_throw("/dev/pts/ptmx", "/dev/ptmx", nullptr, MS_BIND);
    const std::string run = run_of_user;
    for (const std::string& directory : {home, lxcpath(), run, run + "/keelson"}) {
        fs::create_directories(directory);
        if (::chown(directory.c_str(), user_id, user_id) != 0) throw Error::last("chown", directory);
        fs::permissions(directory, fs::perms(0700));
    }
    runner_ = {user_id, {"HOME=" + home, cat("USER=", user), cat("XDG_RUNTIME_DIR=", run_of_user)}, {}};
    for (const char* kept : {"PATH", "GLIBC_TUNABLES"})
        if (const char* value = std::getenv(kept)) runner_.environment.push_back(cat(kept, "=", value));
}

/// As an administrator does by hand.
void World::delegate_cgroups() {
    must({"sh", "-c",
          cat("for hierarchy in $(awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts); do\n"
              "  own=$hierarchy/",
              name_, delegated,
              "\n"
              "  [ -e $hierarchy/cgroup.procs ] && mkdir $own 2>/dev/null || continue\n"
              "  for file in cpuset.mems cpuset.cpus; do\n"
              "    [ ! -e $hierarchy/tasks ] || [ ! -e $hierarchy/$file ] || cat $hierarchy/$file >$own/$file\n"
              "  done\n"
              "  [ ! -e $own/cgroup.clone_children ] || echo 1 >$own/cgroup.clone_children\n"
              "  chown -R ",
              user_id, ":", user_id,
              " $own\n"
              "done")});
    for (const std::string& cgroup : cgroups_with(name_ + delegated)) runner_.cgroups.push_back(cgroup);
}

std::vector<std::string> World::lines_of_owner() const {
    if (runner_.uid == 0) return {};
    return {cat("lxc.idmap = u 0 ", first_id, " 65536"), cat("lxc.idmap = g 0 ", first_id, " 65536")};
}

Command World::command(const std::string& verb, const std::string& container, const std::vector<std::string>& more) const {
    Command all{{program_, verb, "-P", lxcpath(), "-n", container}, runner_};
    all.words.insert(all.words.end(), more.begin(), more.end());
    return all;
}

Snapshot World::look() const {
    if (!runner_.cgroups.empty())
        for (const std::string& cgroup : cgroups_with(name_))
            if (fs::path(cgroup).filename().string().starts_with(cgroup_of_command)) ::rmdir(cgroup.c_str());
    Snapshot lines = look_at_host({name_, work_, {"/run", lxcpath()}});
    // The index of plugins stays for the next command.
    static const std::regex index("^file /run/(user/[0-9]+/)?keelson/cache(/plugins(/[0-9]+)?)? .*");
    std::erase_if(lines, [](const std::string& line) { return std::regex_match(line, index); });
    return lines;
}

std::vector<std::string> World::changed_from(const Snapshot& expected, milliseconds patience) const {
    const auto end = steady_clock::now() + patience;
    for (;;) {
        while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0) continue;
        std::vector<std::string> lines = difference(expected, look());
        if (lines.empty() || steady_clock::now() > end) return lines;
        nap(milliseconds(10));
    }
}

void World::lose_power() const {
    for (const std::string& cgroup : cgroups_with(name_)) thaw_and_remove(cgroup);
    end_processes();
    for (const std::string& point : mount_points())
        if (std::ranges::find(mounts_, point) == mounts_.end()) ::umount2(point.c_str(), MNT_DETACH);
    remove_cgroups(name_, false);
    std::error_code error;
    for (const std::string& directory : {std::string("/run/keelson"), cat(run_of_user, "/keelson")})
        for (const auto& entry : fs::directory_iterator(directory, error)) fs::remove_all(entry, error);
    const std::string images = lxcpath() + "/";
    for (const std::string& device : loop_devices_below(images)) {
        const UniqueFd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
        if (fd) ::ioctl(fd.get(), LOOP_CLR_FD, 0);
    }
    run({{"sh", "-c",
          "nft flush ruleset; echo 0 >/proc/sys/net/ipv4/ip_forward; "
          "for link in $(ls /sys/class/net); do case $link in lo|kltbr0|kltp0|kltp1) ;; *) ip link del $link ;; esac; done; "
          "[ -e /sys/class/net/kltp0 ] || ip link add kltp0 type veth peer name kltp1; ip link set kltp0 down"},
         {}});
}

}  // namespace keelson::fault
