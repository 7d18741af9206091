#include <keelson/sdk/error.hpp>

#include <kernel/config/global.hpp>
#include <kernel/config/key_types.hpp>

namespace keelson::config {

namespace {

/// "one of a, b, c"; a range reads "a number from 0 to 9".
std::string listed(std::string_view choices, std::string_view what) {
    std::string text;
    while (!choices.empty()) {
        const std::string_view word = choices.substr(0, choices.find(' '));
        choices.remove_prefix(word.size() < choices.size() ? word.size() + 1 : word.size());
        const size_t dots = word.find("..");
        text += text.empty() ? "" : choices.empty() ? " or " : ", ";
        text += dots == std::string_view::npos ? std::string(word)
                                               : cat(what, " from ", word.substr(0, dots), " to ", word.substr(dots + 2));
    }
    return text.empty() ? std::string(what) : text;
}

std::string gateway_expectation(std::string_view family) {
    const std::string_view address = family == "ipv4" ? "an IPv4 address" : family == "ipv6" ? "an IPv6 address" : "an address";
    return cat(address, ", auto or dev");
}

}  // namespace

std::string default_of(const abi::Key& key) {
    return is_type(key, own::installed_path) ? cat(installation_prefix(), '/', key.fallback) : key.fallback;
}

std::string expectation(const abi::Key& key) {
    switch (static_cast<uint32_t>(key.type)) {
        using enum abi::KeyType;
        case uint32_t(path):
            return "a path of less than 4096 bytes";
        case uint32_t(boolean):
            return "0 or 1";
        case uint32_t(number):
            return listed(key.choices, "a number");
        case uint32_t(integer):
            return listed(key.choices, "an integer");
        case uint32_t(size):
            return "a size such as 4096, 64KB, 10MB or auto";
        case uint32_t(choice):
            return listed(key.choices, "a word");
        case uint32_t(words):
            return listed(key.choices, "words");
        case uint32_t(signal):
            return "a signal such as SIGPWR, SIGRTMIN+3 or 30";
        case uint32_t(idmap):
            return "\"u|g|b INSIDE HOST COUNT\"";
        case uint32_t(address4):
            return "an IPv4 address such as 10.0.3.5/24";
        case uint32_t(address6):
            return "an IPv6 address such as fd00::5/64";
        case uint32_t(gateway):
            return gateway_expectation(key.choices);
        case uint32_t(capability):
            return "capabilities such as sys_admin or 21";
        case uint32_t(variable):
            return "NAME=VALUE or NAME";
        case uint32_t(duration):
            return "an integer and one of h, m, s, ms, us, ns";
        case uint32_t(namespaces):
            return "names of namespaces: user, mnt, pid, uts, ipc, net, cgroup, time";
        case uint32_t(relative):
            return "a path without a leading slash and without \"..\"";
        case own::architecture:
            return "an architecture such as x86_64, i686 or aarch64";
        case own::host_name:
            return "at most 64 bytes";
        case own::log_level:
            return "one of trace, debug, info, notice, warn, error, crit, alert, fatal, or 0 to 8";
        case own::facility:
            return "daemon or local0 to local7";
        case own::auto_mounts:
            return "proc, sys, cgroup, cgroup-full, cgroup2 or shmounts:, with :mixed, :ro, :rw, :force";
        case own::mount_options:
            return "mount options without create=, optional and relative";
        case own::rootfs_source:
            return "a path of less than 4096 bytes";
        case own::component:
            return "a name without a slash and without \"..\"";
        case own::group_ids:
            return "group ids between commas";
        case own::limit:
            return "SOFT or SOFT:HARD, each a number or unlimited";
        case own::console_size:
            return "a size such as 4096, 64KB, 10MB or auto";
        case own::network_type:
            return "the name of a network plugin";
        default:
            return "text";
    }
}

}  // namespace keelson::config
