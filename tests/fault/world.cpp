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

#include <algorithm>
#include <filesystem>

namespace keelson::fault {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

void nap(milliseconds time) {
    const timespec duration{0, std::chrono::nanoseconds(time).count()};
    ::nanosleep(&duration, nullptr);
}

[[noreturn]] void become(const std::vector<std::string>& words, int output) {
    ::setsid();
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
}

void mount_or_throw(const char* source, const std::string& target, const char* type, unsigned long flags) {
    if (::mount(source, target.c_str(), type, flags, nullptr) != 0) throw Error::last("mount", target);
}

void must(const std::vector<std::string>& words) {
    const Ran ran = run(words);
    if (ran.status != 0) throw Error(0, words.front(), cat("ended with ", ran.status, ": ", ran.output, ":"));
}

void end_processes() {
    for (int tries = 0; tries < 500 && !other_processes().empty(); ++tries) {
        ::kill(-1, SIGKILL);
        while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0) continue;
        nap(milliseconds(2));
    }
}

void thaw_and_remove(const std::string& cgroup) {
    sdk::try_write_file(cgroup + "/freezer.state", "THAWED");
    sdk::try_write_file(cgroup + "/cgroup.freeze", "0");
}

/// The kernel lets go of a cgroup a little later than of its last process.
void remove_cgroups(const std::string& name) {
    for (int tries = 0; tries < 100; ++tries) {
        const std::vector<std::string> left = cgroups_with(name);
        if (left.empty()) return;
        for (const std::string& cgroup : left) ::rmdir(cgroup.c_str());
        nap(milliseconds(10));
    }
}

}  // namespace

Ran run(const std::vector<std::string>& words, std::chrono::seconds deadline) {
    const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
    const pid_t pid = ::fork();
    if (pid < 0) throw Error::last("fork", "");
    if (pid == 0) become(words, output.get());
    const auto end = steady_clock::now() + deadline;
    int status = 0;
    milliseconds pause(1);
    while (::waitpid(pid, &status, WNOHANG) != pid) {
        if (steady_clock::now() > end) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, &status, 0);
            return {124, cat(words.front(), " did not end within ", deadline.count(), " s")};
        }
        nap(pause);
        pause = std::min(pause * 2, milliseconds(20));
    }
    ::lseek(output.get(), 0, SEEK_SET);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), sdk::read_all(output.get(), "output")};
}

World::World(std::string program, std::string name, std::string work, const std::string& storage)
    : program_(std::move(program)), name_(std::move(name)), work_(std::move(work)) {
    make_mounts();
    make_links();
    make_storage(storage);
    mounts_ = mount_points();
}

World::~World() { lose_power(); }

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

std::vector<std::string> World::words(const std::string& verb, const std::string& container,
                                      const std::vector<std::string>& more) const {
    std::vector<std::string> all{program_, verb, "-P", lxcpath(), "-n", container};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

Snapshot World::look() const { return look_at_host({name_, work_, {"/run", lxcpath()}}); }

std::vector<std::string> World::changed_from(const Snapshot& expected, milliseconds patience) const {
    const auto end = steady_clock::now() + patience;
    for (;;) {
        while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
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
    remove_cgroups(name_);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/run/keelson", error)) fs::remove_all(entry, error);
    const std::string images = lxcpath() + "/";
    for (const std::string& device : loop_devices_below(images)) {
        const UniqueFd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
        if (fd) ::ioctl(fd.get(), LOOP_CLR_FD, 0);
    }
    run({"sh", "-c",
         "nft flush ruleset; echo 0 >/proc/sys/net/ipv4/ip_forward; "
         "for link in $(ls /sys/class/net); do case $link in lo|kltbr0|kltp0|kltp1) ;; *) ip link del $link ;; esac; done; "
         "[ -e /sys/class/net/kltp0 ] || ip link add kltp0 type veth peer name kltp1; ip link set kltp0 down"});
}

}  // namespace keelson::fault
