#include "module.hpp"

#include "cache.hpp"
#include "compile.hpp"
#include "policy.hpp"
#include "proxy.hpp"

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

Proxy proxy_of(const sdk::Context& context) {
    return Proxy(context.value(proxy_key), context.value("lxc.seccomp.notify.cookie"),
                 [&context](std::string_view message) { context.warn(message); });
}

/// Nobody to answer is known before anything is made.
void look_for_proxy(const sdk::Context& context, std::string_view program, const std::string& path) {
    if (!notifies(program)) return;
    if (context.is_set(proxy_key)) {
        proxy_of(context).connect();
    } else {
        context.warn(cat("seccomp policy ", path, ": nobody answers for the action notify, such calls fail with ENOSYS"));
    }
}

/// With the flag SECCOMP_FILTER_FLAG_NEW_LISTENER it returns a descriptor, else 0.
int load(std::string_view state, unsigned flags) {
    std::vector<sock_filter> steps(state.size() / sizeof(sock_filter));
    if (steps.empty() || steps.size() > BPF_MAXINSNS || state.size() % sizeof(sock_filter) != 0)
        throw Error(EINVAL, {}, "the state is no seccomp program");
    std::memcpy(steps.data(), state.data(), state.size());
    const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
    const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result >= 0) return static_cast<int>(result);
    const char* hint = errno == EACCES  ? "without CAP_SYS_ADMIN it needs lxc.no_new_privs = 1"
                       : errno == EBUSY ? "a filter above has a listener already: system calls can be answered once"
                                        : "";
    throw Error::last("load the seccomp program", {}, hint);
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
        policy = sdk::read_given_file(path);
    } catch (Error& error) {
        throw error.suggest("lxc.seccomp.profile names the file");
    }
    const Cache cache(cache_directory(context.runtime_directory()));
    const std::string key = made_from(policy);
    if (const auto program = cache.find(key)) {
        look_for_proxy(context, *program, path);
        return *program;
    }
    const std::string program = compile(parse_policy(policy, path), path, [&](const std::string& name) {
        context.log(abi::LogLevel::info, cat("seccomp policy ", path, ": unknown system call ", name, " is left out"));
    });
    look_for_proxy(context, program, path);
    cache.keep(key, program);
    return program;
}

void Module::confine(const sdk::Context&, std::string_view state, int) { load(state, 0); }

UniqueFd Module::confine_listening(const sdk::Context& context, std::string_view state, int) {
    if (context.is_set(proxy_key) && notifies(state)) return UniqueFd(load(state, SECCOMP_FILTER_FLAG_NEW_LISTENER));
    load(state, 0);
    return {};
}

void Module::serve(const sdk::Context& context, int listener_borrowed, pid_t init) {
    proxy_of(context).serve(listener_borrowed, ::getppid(), init);
}

}  // namespace keelson::seccomp
