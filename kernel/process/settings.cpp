#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/settings.hpp>

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#define PR_SCHED_CORE_CREATE 1
#define PR_SCHED_CORE_SHARE_FROM 3
#endif
#define PR_SCHED_CORE_THREAD 0
#define PR_SCHED_CORE_THREAD_GROUP 1

namespace keelson::process {
namespace {

struct LimitName {
    std::string_view name;
    int resource;
};
constexpr std::array<LimitName, 16> limit_names{{{"as", RLIMIT_AS},
                                                 {"core", RLIMIT_CORE},
                                                 {"cpu", RLIMIT_CPU},
                                                 {"data", RLIMIT_DATA},
                                                 {"fsize", RLIMIT_FSIZE},
                                                 {"locks", RLIMIT_LOCKS},
                                                 {"memlock", RLIMIT_MEMLOCK},
                                                 {"msgqueue", RLIMIT_MSGQUEUE},
                                                 {"nice", RLIMIT_NICE},
                                                 {"nofile", RLIMIT_NOFILE},
                                                 {"nproc", RLIMIT_NPROC},
                                                 {"rss", RLIMIT_RSS},
                                                 {"rtprio", RLIMIT_RTPRIO},
                                                 {"rttime", RLIMIT_RTTIME},
                                                 {"sigpending", RLIMIT_SIGPENDING},
                                                 {"stack", RLIMIT_STACK}}};

int resource_named(const std::string& key, std::string_view name) {
    const auto known = std::ranges::find(limit_names, name, &LimitName::name);
    if (known != limit_names.end()) return known->resource;
    if (const auto number = base::parse_unsigned(name); number && *number < RLIM_NLIMITS) return static_cast<int>(*number);
    std::string names;
    for (const LimitName& limit : limit_names) names += cat(" ", limit.name);
    throw Error(EINVAL, key, "no such resource limit", cat("the kernel has", names));
}

rlim_t limit_value(std::string_view text) {
    if (text == "unlimited" || text == "-1") return RLIM_INFINITY;
    return base::parse_unsigned(text).value_or(0);
}

/// "10h", "5 s": the number in nanoseconds.
int64_t nanoseconds(std::string_view value) {
    const size_t unit_at = value.find_first_not_of("+-0123456789");
    const int64_t number = base::parse_signed(value.substr(0, unit_at)).value_or(0);
    const std::string_view unit = base::trim(value.substr(unit_at));
    if (unit == "h") return number * 3'600'000'000'000;
    if (unit == "m") return number * 60'000'000'000;
    if (unit == "s") return number * 1'000'000'000;
    if (unit == "ms") return number * 1'000'000;
    return unit == "us" ? number * 1000 : number;
}

void write_offset(const config::Config& config, const std::string& key, std::string_view clock) {
    if (!config.is_set(key)) return;
    int64_t nanos = nanoseconds(config.get(key));
    int64_t seconds = nanos / 1'000'000'000;
    nanos %= 1'000'000'000;
    if (nanos < 0) {
        nanos += 1'000'000'000;
        --seconds;
    }
    base::write_file("/proc/self/timens_offsets", cat(clock, " ", seconds, " ", nanos));
}

std::string dots_to_slashes(std::string_view name) {
    std::string path(name);
    std::ranges::replace(path, '.', '/');
    return path;
}

struct Limit {
    const config::Entry& entry;
    __rlimit_resource resource;
    rlimit values;

    explicit Limit(const config::Entry& of) : entry(of) {
        const std::string_view value = entry.value;
        const size_t colon = value.find(':');
        std::string_view soft = base::trim(value.substr(0, colon)), hard = soft;
        if (colon != std::string_view::npos && colon + 1 < value.size()) hard = base::trim(value.substr(colon + 1));
        values = {limit_value(soft), limit_value(hard)};
        resource = static_cast<__rlimit_resource>(
            resource_named(entry.key, std::string_view(entry.key).substr(std::string_view("lxc.prlimit.").size())));
    }
    void set(pid_t pid) const {
        if (::prlimit(pid, resource, &values, nullptr) == 0) return;
        throw Error::last("set", cat(entry.key, " = ", entry.value),
                          errno == EPERM ? "raising a limit above ours needs CAP_SYS_RESOURCE" : "");
    }
};

constexpr const char* needs_of_core_scheduling = "the kernel needs CONFIG_SCHED_CORE and a CPU with SMT";

}  // namespace

void set_limits(const config::Config& config, pid_t pid) {
    for (const config::Entry& entry : config.family("lxc.prlimit.")) Limit(entry).set(pid);
}

void make_room_for_limits(const config::Config& config) {
    for (const config::Entry& entry : config.family("lxc.prlimit.")) {
        Limit limit(entry);
        rlimit own{};
        if (::getrlimit(limit.resource, &own) != 0) throw Error::last("read the limit of", entry.key);
        if (limit.values.rlim_max <= own.rlim_max) continue;
        limit.values.rlim_cur = own.rlim_cur;
        limit.set(0);
    }
}

void set_proc_values(const config::Config& config, pid_t pid) {
    for (const config::Entry& entry : config.family("lxc.proc.")) {
        const std::string name = dots_to_slashes(std::string_view(entry.key).substr(std::string_view("lxc.proc.").size()));
        try {
            base::write_file(cat("/proc/", pid, "/", name), entry.value);
        } catch (Error& error) {
            throw error.at(entry.key);
        }
    }
}

void set_core_scheduling(const config::Config& config, pid_t pid) {
    if (!config.flag("lxc.sched.core")) return;
    if (::prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, pid, PR_SCHED_CORE_THREAD_GROUP, 0) != 0) {
        throw Error::last("make a core scheduling cookie", "lxc.sched.core", needs_of_core_scheduling);
    }
}

void share_core_scheduling(const config::Config& config, pid_t with) {
    if (!config.flag("lxc.sched.core")) return;
    if (::prctl(PR_SCHED_CORE, PR_SCHED_CORE_SHARE_FROM, with, PR_SCHED_CORE_THREAD, 0) != 0) {
        throw Error::last("share init's core scheduling cookie", "lxc.sched.core", needs_of_core_scheduling);
    }
}

void set_host_name(const config::Config& config) {
    const std::string name = config.get("lxc.uts.name");
    if (!name.empty() && ::sethostname(name.data(), name.size()) != 0) throw Error::last("set host name", name);
}

void join_session_keyring(const config::Config& config) {
    if (config.flag("lxc.keyring.session")) return;
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0)
        base::log_debug(cat("no session keyring: ", std::strerror(errno)));
}

void enter_time_namespace(const config::Config& config) {
    if (::unshare(CLONE_NEWTIME) != 0) throw Error::last("make a time namespace", "", "time namespaces need Linux 5.6");
    write_offset(config, "lxc.time.offset.boot", "boottime");
    write_offset(config, "lxc.time.offset.monotonic", "monotonic");
    const UniqueFd own = base::open_file("/proc/self/ns/time_for_children", O_RDONLY);
    if (::setns(own.get(), CLONE_NEWTIME) != 0) throw Error::last("enter the time namespace", "");
}

unsigned long personality_of(const std::string& architecture) {
    constexpr std::string_view narrow =
        " arm armel armhf armv7l athlon i386 i486 i586 i686 linux32 mips mipsel ppc powerpc x32 x86 ";
    constexpr std::string_view wide =
        " aarch64 amd64 arm64 linux64 loongarch64 loong64 mips64 mips64el ppc64 ppc64el ppc64le powerpc64 riscv64 s390x "
        "x86_64 ";
    const std::string word = cat(" ", architecture, " ");
    if (wide.find(word) != std::string_view::npos) return PER_LINUX;
    if (narrow.find(word) != std::string_view::npos) return PER_LINUX32;
    throw Error(EINVAL, architecture, "no such architecture",
                "names are those of uname -m and of Debian, such as x86_64, i686, arm64");
}

void set_personality(const config::Config& config) {
    const std::string name = config.get("lxc.arch");
    if (!name.empty() && ::personality(personality_of(name)) < 0) throw Error::last("set personality", name);
}

void set_sysctls(const config::Config& config, int proc_borrowed) {
    for (const config::Entry& entry : config.family("lxc.sysctl.")) {
        const std::string path =
            "sys/" + dots_to_slashes(std::string_view(entry.key).substr(std::string_view("lxc.sysctl.").size()));
        try {
            const UniqueFd file = base::open_at(proc_borrowed, path, O_WRONLY);
            base::write_fd(file.get(), entry.value, "/proc/" + path);
        } catch (Error& error) {
            throw error.at(entry.key).suggest("is it a sysctl of a namespace that the container has (net, ipc, uts, user)?");
        }
    }
}

}  // namespace keelson::process
