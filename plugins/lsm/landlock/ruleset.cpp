#include "ruleset.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>
#include <filesystem>

namespace keelson::landlock {

namespace {

// The kernel's names with the ABI that brought them: older headers than the running kernel's must do.
constexpr uint64_t execute = 1 << 0, write_file = 1 << 1, read_file = 1 << 2, read_dir = 1 << 3;
constexpr uint64_t since_1 = (1 << 13) - 1, refer_2 = 1 << 13, truncate_3 = 1 << 14, ioctl_dev_5 = 1 << 15;
constexpr uint64_t for_files = execute | write_file | read_file | truncate_3 | ioctl_dev_5;
constexpr uint64_t bind_tcp = 1 << 0, connect_tcp = 1 << 1;
constexpr uint64_t scope_abstract_unix = 1 << 0, scope_signal = 1 << 1;
constexpr int abi_of_ports = 4, abi_of_scopes = 6;
constexpr uint32_t version_flag = 1;
enum RuleType : int { path_beneath = 1, net_port = 2 };

struct Attributes {
    uint64_t handled_files, handled_ports, scoped;
};
struct PathRule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));
struct PortRule {
    uint64_t allowed, port;
};

uint64_t known_rights(int abi) {
    return since_1 | (abi >= 2 ? refer_2 : 0) | (abi >= 3 ? truncate_3 : 0) | (abi >= 5 ? ioctl_dev_5 : 0);
}

uint64_t rights_of(Grant grant) {
    switch (grant) {
        case Grant::ro:
            return execute | read_file | read_dir;
        case Grant::rw:
            return ~uint64_t{0};
        case Grant::data:
            return ~execute;
    }
    return 0;
}

std::string normal(const std::string& path) { return std::filesystem::path(path + '/').lexically_normal(); }

/// May the container's processes put a link there, that the next start would take the grant to where it leads?
bool may_change(const Wishes& wishes, const Wishes::Beneath& wish) {
    if (wish.grant != Grant::ro) return true;
    return std::ranges::any_of(wishes.paths, [&](const Wishes::Beneath& other) {
        return other.grant != Grant::ro && normal(wish.path).starts_with(normal(other.path));
    });
}

UniqueFd open_path(const Wishes& wishes, const Wishes::Beneath& wish) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    if (may_change(wishes, wish)) how.resolve = RESOLVE_NO_SYMLINKS;
    UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, wish.path.c_str(), &how, sizeof how)));
    if (fd) return fd;
    if (errno == ELOOP)
        throw Error(ELOOP, wish.path, "a symbolic link is in the way of",
                    "name the place that it leads to: the container's processes may change links where they may write");
    throw Error::last("open", wish.path, "keelson.lsm.landlock names paths inside the container");
}

void add_path(const UniqueFd& ruleset, const Wishes& wishes, const Wishes::Beneath& wish, uint64_t known) {
    const UniqueFd fd = open_path(wishes, wish);
    struct stat s {};
    if (::fstat(fd.get(), &s) != 0) throw Error::last("look at", wish.path);
    PathRule rule{rights_of(wish.grant) & known, fd.get()};
    if (!S_ISDIR(s.st_mode)) rule.allowed &= for_files;
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), path_beneath, &rule, 0) != 0)
        throw Error::last("add a landlock rule for", wish.path);
}

void add_port(const UniqueFd& ruleset, uint64_t right, uint16_t port) {
    const PortRule rule{right, port};
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), net_port, &rule, 0) != 0)
        throw Error::last("add a landlock rule for", cat("TCP port ", port));
}

UniqueFd make_ruleset(const Wishes& wishes, int abi) {
    const Attributes attributes{
        wishes.paths.empty() ? 0 : known_rights(abi),
        (wishes.limits_bind ? bind_tcp : 0) | (wishes.limits_connect ? connect_tcp : 0),
        (wishes.scope_sockets ? scope_abstract_unix : 0) | (wishes.scope_signals ? scope_signal : 0),
    };
    // an older kernel takes the longer structure as long as what it does not know is zero
    UniqueFd fd(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!fd) throw Error::last("make a landlock ruleset", {});
    return fd;
}

constexpr std::pair<Grant, std::string_view> grant_words[] = {{Grant::ro, "ro"}, {Grant::rw, "rw"}, {Grant::data, "data"}};

}  // namespace

int Wishes::needed_abi() const noexcept {
    if (scope_sockets || scope_signals) return abi_of_scopes;
    return limits_bind || limits_connect ? abi_of_ports : 1;
}

std::string Wishes::text() const {
    std::string text;
    for (const Beneath& one : paths)
        for (const auto& [grant, word] : grant_words)
            if (grant == one.grant) text += cat(word, ' ', one.path, '\n');
    if (limits_bind) text += "bind none\n";
    if (limits_connect) text += "connect none\n";
    for (const uint16_t port : bind) text += cat("bind ", port, '\n');
    for (const uint16_t port : connect) text += cat("connect ", port, '\n');
    if (scope_sockets) text += "scope abstract-unix\n";
    if (scope_signals) text += "scope signal\n";
    return text;
}

Wishes Wishes::parse(std::string_view text) {
    Wishes wishes;
    for (const std::string_view line : sdk::split(text, '\n')) {
        const size_t blank = std::min(line.find(' '), line.size() - 1);
        const std::string_view word = line.substr(0, blank), value = line.substr(blank + 1);
        const auto port = sdk::parse_number<uint16_t>(value);
        if (word == "bind") {
            wishes.limits_bind = true;
            if (port) wishes.bind.push_back(*port);
        } else if (word == "connect") {
            wishes.limits_connect = true;
            if (port) wishes.connect.push_back(*port);
        } else if (word == "scope") {
            (value == "signal" ? wishes.scope_signals : wishes.scope_sockets) = true;
        } else {
            for (const auto& [grant, name] : grant_words)
                if (name == word) wishes.paths.push_back({grant, std::string(value)});
        }
    }
    return wishes;
}

int kernel_abi() noexcept {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, version_flag);
    return version > 0 ? static_cast<int>(version) : 0;
}

void restrict_self(const Wishes& wishes) {
    const int abi = kernel_abi();
    const UniqueFd ruleset = make_ruleset(wishes, abi);
    for (const Wishes::Beneath& one : wishes.paths) add_path(ruleset, wishes, one, known_rights(abi));
    for (const uint16_t port : wishes.bind) add_port(ruleset, bind_tcp, port);
    for (const uint16_t port : wishes.connect) add_port(ruleset, connect_tcp, port);
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0) return;
    throw Error::last("enter the landlock ruleset", {},
                      errno == EPERM ? "without CAP_SYS_ADMIN it needs lxc.no_new_privs = 1" : std::string());
}

}  // namespace keelson::landlock
