#include "profile_text.hpp"

#include <keelson/sdk/error.hpp>

#include <set>

namespace keelson::apparmor {

namespace {

/// The text of the profile as it grows, a rule a line.
class Rules {
public:
    template <typename... Parts>
    void add(const Parts&... parts) {
        text_ += "  ";
        (detail::append(text_, parts), ...);
        text_ += ",\n";
    }
    void raw(std::string_view line) { text_ += cat("  ", std::string(line), '\n'); }
    void comment(std::string_view words) { text_ += cat("\n  # ", std::string(words), '\n'); }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

const std::vector<std::string> guarded = {"proc", "sys", "dev"};

/// All ways to combine flags that only take rights away, as mount options with a comma before each.
std::vector<std::string> restrictions() {
    std::vector<std::string> all;
    for (const char* time : {"", ",noatime", ",strictatime"})
        for (unsigned bits = 0; bits < 8; ++bits)
            all.push_back(cat(bits & 1 ? ",nodev" : "", bits & 2 ? ",nosuid" : "", bits & 4 ? ",noexec" : "", time));
    return all;
}

void add_base(Rules& rules, const ProfileWishes& wishes) {
    rules.comment("what the kernel's namespaces keep apart already");
    for (const char* all : {"capability", "dbus", "file", "network", "umount"}) rules.add(all);
    rules.comment("processes: our own, and what the host sends");
    rules.add("signal (receive) peer=unconfined");
    rules.add("signal (send, receive) peer=\"", wishes.name, '"');
    rules.add("ptrace (readby, tracedby) peer=unconfined");
    rules.add("ptrace peer=\"", wishes.name, '"');
    rules.add("unix (create, bind, listen, accept, receive, getattr, setattr, getopt, setopt, shutdown)");
    rules.add("unix peer=(label=\"", wishes.name, "\")");

    rules.comment("files that reach beyond the container");
    rules.add("deny /proc/bus/** wklx");
    for (const char* path :
         {"/proc/kcore", "/proc/sysrq-trigger", "/proc/acpi/**", "/sys/firmware/efi/efivars/**", "/sys/kernel/debug/**"})
        rules.add("deny ", path, " rwklx");
    rules.add("deny ", everything_but("/proc/sys/fs/", {"binfmt_misc"}), " wklx");
    if (!wishes.user_namespace) rules.add("deny /proc/sys/fs/binfmt_misc/** wklx");
}

void add_mounts(Rules& rules) {
    rules.comment("mounts that give nothing which the container has not got");
    for (const char* option : {"ro,remount", "ro,remount,silent"}) rules.add("deny mount options=(", option, ") -> /");
    for (const char* type : {"tmpfs", "ramfs", "hugetlbfs", "mqueue", "fuse", "fuse.*"}) rules.add("mount fstype=", type);
    rules.add("mount fstype=binfmt_misc -> /proc/sys/fs/binfmt_misc/");
    rules.add("mount fstype=efivarfs -> /sys/firmware/efi/efivars/");
    rules.add("mount fstype=fusectl -> /sys/fs/fuse/connections/");
    rules.add("mount fstype=securityfs -> /sys/kernel/security/");
    rules.add("mount fstype=debugfs -> /sys/kernel/debug/");
    rules.add("mount fstype=proc -> /proc/");
    rules.add("mount fstype=sysfs -> /sys/");
    rules.add("mount fstype=cgroup -> /sys/fs/cgroup/**");
    rules.add("mount fstype=cgroup2 -> /sys/fs/cgroup/{,**}");
    for (const char* kind : {"slave", "shared", "private", "unbindable"})
        for (const char* depth : {"make-", "make-r"}) rules.add("mount options=(rw,", depth, kind, ") -> /{,**}");
    const std::string outside = everything_but("/", guarded);
    for (const char* kind : {"bind", "rbind", "move"}) rules.add("mount options=(rw,", kind, ") ", outside, " -> /{,**}");
    for (const std::string& flags : restrictions()) {
        rules.add("mount options=(ro,remount,bind", flags, ") -> ", outside);
        rules.add("mount options=(ro,remount", flags, ") -> /sys/{,fs/cgroup/{,**}}");
        rules.add("mount options=(ro,remount,bind", flags, ") -> /sys/{,fs/cgroup/{,**}}");
    }
}

void add_without_nesting(Rules& rules, const ProfileWishes& wishes) {
    rules.comment("no containers inside: the kernel's settings are not the container's");
    rules.add("deny ",
              everything_but("/proc/sys/", {"kernel/domainname", "kernel/hostname", "kernel/msg*", "kernel/sem*", "kernel/shm*",
                                            "net", "fs/binfmt_misc"}),
              " wklx");
    std::vector<std::string> kept = {"class/net", "devices/virtual/net", "fs/cgroup"};
    if (wishes.policy_namespace.empty()) {
        rules.add("deny /sys/k*{,/**} rwklx");
    } else {
        kept.emplace_back("kernel/security/apparmor");
    }
    rules.add("deny ", everything_but("/sys/", kept), " wklx");
}

void add_nesting(Rules& rules, const ProfileWishes& wishes) {
    rules.comment("containers inside");
    for (const char* all : {"pivot_root", "ptrace", "signal", "unix", "mount"}) rules.add(all);
    rules.add("deny /dev/.lxc/proc/** rw");
    rules.add("deny /dev/.lxc/sys/** rw");
    if (wishes.policy_namespace.empty()) rules.add("change_profile -> \"", wishes.name, '"');
}

/// In a stack the container's processes carry a label of the namespace beside ours, which our rules see as well.
void add_stacking(Rules& rules, const ProfileWishes& wishes) {
    rules.comment("the container's own profiles");
    const std::string inside = cat("\":", wishes.policy_namespace, ":**\"");
    rules.add("change_profile -> ", inside);
    rules.add("signal peer=", inside);
    rules.add("ptrace peer=", inside);
    rules.add("unix peer=(label=", inside, ')');
}

void add_user_namespace(Rules& rules) {
    rules.comment("a user namespace: the kernel lets it mount only what is its own");
    rules.add("pivot_root");
    for (const char* type : {"binfmt_misc", "proc", "sysfs", "overlay", "devpts", "cgroup", "cgroup2"})
        rules.add("mount fstype=", type);
    for (const char* kind : {"bind", "rbind", "move"}) rules.add("mount options=(rw,", kind, ')');
    for (const std::string& flags : restrictions()) rules.add("mount options=(ro,remount,bind", flags, ')');
}

/// Patterns for what leaves the words at some character: for the words "ab" and "ac" what does not begin with 'a', and what
/// begins with 'a' and neither "ab" nor "ac".
void add_deviations(std::set<std::string>& patterns, const std::vector<std::string>& words, size_t length) {
    std::set<std::string> beginnings;
    for (const std::string& word : words)
        if (word.size() > length) beginnings.insert(word.substr(0, length));
    for (const std::string& beginning : beginnings) {
        std::set<char> next;
        for (const std::string& word : words)
            if (word.size() > length && word.starts_with(beginning)) next.insert(word[length]);
        if (next.contains('*')) continue;
        patterns.insert(cat(beginning, "[^", std::string(next.begin(), next.end()), "]**"));
    }
}

}  // namespace

std::string everything_but(std::string_view top, const std::vector<std::string>& kept) {
    size_t longest = 0;
    for (const std::string& word : kept) longest = std::max(longest, word.size());
    std::set<std::string> patterns;
    for (size_t length = 0; length < longest; ++length) add_deviations(patterns, kept, length);
    for (const std::string& word : kept)
        if (!word.ends_with('*')) patterns.insert(word + "[^/]**");
    std::string alternatives;
    for (const std::string& pattern : patterns) alternatives += cat(alternatives.empty() ? "" : ",", pattern);
    return cat(std::string(top), '{', alternatives, '}');
}

std::string profile_text(const ProfileWishes& wishes) {
    Rules rules;
    add_base(rules, wishes);
    add_mounts(rules);
    if (wishes.nesting) {
        add_nesting(rules, wishes);
    } else {
        add_without_nesting(rules, wishes);
    }
    if (!wishes.policy_namespace.empty()) add_stacking(rules, wishes);
    if (wishes.user_namespace) add_user_namespace(rules);
    if (!wishes.raw.empty()) rules.comment("lxc.apparmor.raw");
    for (const std::string& line : wishes.raw) rules.raw(line);
    return cat("profile \"", wishes.name, "\" flags=(attach_disconnected,mediate_deleted) {\n", rules.take(), "}\n");
}

}  // namespace keelson::apparmor
