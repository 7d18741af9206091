#include "module.hpp"

#include "cache.hpp"
#include "compile.hpp"
#include "policy.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>

#include <cstring>
#include <vector>

namespace keelson::seccomp {

namespace {

constexpr const char* profile_key = "lxc.seccomp.profile";
constexpr const char* proxy_key = "lxc.seccomp.notify.proxy";

/// Whatever the program follows from: a library that knows more calls, a kernel that knows more actions.
std::string made_from(const std::string& policy) {
    utsname host{};
    ::uname(&host);
    return cat("libseccomp ", library_version(), " linux ", host.release, ' ', host.machine, '\n', policy);
}

void warn_of_notify(const sdk::Context& context, std::string_view program, const std::string& path) {
    if (!notifies(program)) return;
    if (context.is_set(proxy_key))
        throw Error(ENOTSUP, proxy_key, "handing system calls to a proxy is not supported yet",
                    cat("remove the key, or the rules with the action notify from ", path));
    context.warn(cat("seccomp policy ", path, ": nobody answers for the action notify, such calls fail with ENOSYS"));
}

}  // namespace

bool Module::check(const sdk::Context& context) {
    if (const std::string proxy = context.value(proxy_key); !proxy.empty() && !proxy.starts_with("unix:"))
        throw Error(EINVAL, proxy_key, cat("\"", proxy, "\" is no address of a proxy"), "it is unix:/PATH or unix:@NAME");
    if (context.value(profile_key).empty()) return false;
    const int mode = ::prctl(PR_GET_SECCOMP);
    if (mode < 0) {
        context.warn("seccomp policy is left out: the kernel has no seccomp");
        return false;
    }
    const bool nesting = context.value("lxc.seccomp.allow_nesting") == "1";
    if (mode != SECCOMP_MODE_DISABLED && !nesting)
        context.log(abi::LogLevel::info, "seccomp policy is left out: the starting process is confined already");
    return mode == SECCOMP_MODE_DISABLED || nesting;
}

std::string Module::prepare(const sdk::Context& context) {
    const std::string path = context.value(profile_key);
    std::string policy;
    try {
        policy = sdk::read_file(path);
    } catch (Error& error) {
        throw error.suggest("lxc.seccomp.profile names the file");
    }
    const Cache cache(cache_directory(context.runtime_directory()));
    const std::string key = made_from(policy);
    if (const auto program = cache.find(key)) {
        warn_of_notify(context, *program, path);
        return *program;
    }
    const std::string program = compile(parse_policy(policy, path), path, [&](const std::string& name) {
        context.log(abi::LogLevel::info, cat("seccomp policy ", path, ": unknown system call ", name, " is left out"));
    });
    warn_of_notify(context, program, path);
    cache.keep(key, program);
    return program;
}

void Module::confine(const sdk::Context&, std::string_view state, int) {
    std::vector<sock_filter> steps(state.size() / sizeof(sock_filter));
    if (steps.empty() || steps.size() > BPF_MAXINSNS || state.size() % sizeof(sock_filter) != 0)
        throw Error(EINVAL, {}, "the state is no seccomp program");
    std::memcpy(steps.data(), state.data(), state.size());
    const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) return;
    throw Error::last("load the seccomp program", {},
                      errno == EACCES ? "without CAP_SYS_ADMIN it needs lxc.no_new_privs = 1" : std::string());
}

}  // namespace keelson::seccomp
