#include "host_snapshot.hpp"

#include <keelson/sdk/file.hpp>
#include <keelson/sdk/netlink.hpp>
#include <keelson/sdk/text.hpp>

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/magic.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace keelson::fault {
namespace {

namespace fs = std::filesystem;

std::string hex(std::string_view bytes) {
    std::string text;
    for (const unsigned char c : bytes) text += cat("0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]);
    return text;
}

std::string link_name(unsigned index) {
    char name[IF_NAMESIZE]{};
    return ::if_indextoname(index, name) != nullptr ? name : cat("link ", index);
}

void add_links(Snapshot& lines) {
    sdk::NetlinkMessage list(RTM_GETLINK, NLM_F_DUMP);
    list.header(ifinfomsg{});
    sdk::Netlink().dump(list, [&](const nlmsghdr* answer) {
        const auto& facts = sdk::netlink_header<ifinfomsg>(answer);
        const auto attribute = [&](int type) { return sdk::NetlinkAttribute::of<ifinfomsg>(answer, type); };
        lines.push_back(cat("link ", attribute(IFLA_IFNAME).text(), " ", (facts.ifi_flags & IFF_UP) != 0 ? "up" : "down",
                            " mtu ", attribute(IFLA_MTU).as<uint32_t>(), " address ", hex(attribute(IFLA_ADDRESS).bytes()),
                            " master ", attribute(IFLA_MASTER).as<uint32_t>(), " alias ", attribute(IFLA_IFALIAS).text(),
                            " promiscuity ", attribute(IFLA_PROMISCUITY).as<uint32_t>()));
    });
}

/// Not what the kernel itself adds as links come up.
void add_addresses(Snapshot& lines) {
    sdk::NetlinkMessage list(RTM_GETADDR, NLM_F_DUMP);
    list.header(ifaddrmsg{});
    sdk::Netlink().dump(list, [&](const nlmsghdr* answer) {
        const auto& facts = sdk::netlink_header<ifaddrmsg>(answer);
        const std::string address = hex(sdk::NetlinkAttribute::of<ifaddrmsg>(answer, IFA_ADDRESS).bytes());
        if (facts.ifa_family == AF_INET6 && address.starts_with("fe80")) return;
        lines.push_back(cat("address ", link_name(facts.ifa_index), " ", address, "/", unsigned{facts.ifa_prefixlen}));
    });
}

void add_routes(Snapshot& lines) {
    sdk::NetlinkMessage list(RTM_GETROUTE, NLM_F_DUMP);
    list.header(rtmsg{});
    sdk::Netlink().dump(list, [&](const nlmsghdr* answer) {
        const auto& facts = sdk::netlink_header<rtmsg>(answer);
        const auto attribute = [&](int type) { return sdk::NetlinkAttribute::of<rtmsg>(answer, type); };
        const std::string to = hex(attribute(RTA_DST).bytes());
        if (facts.rtm_family == AF_INET6 && (to.starts_with("fe80") || to.starts_with("ff00"))) return;
        lines.push_back(cat("route ", unsigned{facts.rtm_family}, " ", to, "/", unsigned{facts.rtm_dst_len}, " table ",
                            attribute(RTA_TABLE).as<uint32_t>(), " via ", hex(attribute(RTA_GATEWAY).bytes()), " dev ",
                            link_name(attribute(RTA_OIF).as<uint32_t>()), " type ", unsigned{facts.rtm_type}));
    });
}

void add_packet_filter(Snapshot& lines) {
    nft_ctx* context = ::nft_ctx_new(0);
    ::nft_ctx_buffer_output(context);
    ::nft_ctx_buffer_error(context);
    if (::nft_run_cmd_from_buffer(context, "list ruleset") == 0) {
        const std::string text = ::nft_ctx_get_output_buffer(context);
        for (const std::string_view line : sdk::split(text, '\n'))
            if (!line.empty()) lines.push_back(cat("nft ", line));
    }
    ::nft_ctx_free(context);
}

/// Without numbers of mounts and peer groups, which never come twice.
void add_mounts(Snapshot& lines) {
    const std::string text = sdk::read_file("/proc/self/mountinfo");
    for (const std::string_view line : sdk::split(text, '\n')) {
        const auto words = sdk::split(line, ' ');
        if (words.size() > 8) lines.push_back(cat("mount ", words[4], " of ", words[3], line.substr(line.rfind(" - "))));
    }
}

void add_processes(Snapshot& lines) {
    for (const int pid : other_processes()) {
        std::string words = sdk::try_read_file(cat("/proc/", pid, "/cmdline")).value_or("");
        std::ranges::replace(words, '\0', ' ');
        const std::string stat = sdk::try_read_file(cat("/proc/", pid, "/stat")).value_or("");
        if (!stat.empty()) lines.push_back(cat("process ", pid, " ", words, stat.substr(stat.rfind(')') + 1, 3)));
    }
}

std::string attributes_of(const std::string& path) {
    std::array<char, 4096> names{}, value{};
    std::string text;
    const ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
    for (const std::string_view name :
         sdk::split(std::string_view(names.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))), '\0')) {
        if (name.empty()) continue;
        // What overlayfs writes names files and moments.
        if (name.starts_with("trusted.overlay.")) continue;
        const ssize_t length = ::lgetxattr(path.c_str(), std::string(name).c_str(), value.data(), value.size());
        text += cat(" ", name, "=", hex({value.data(), static_cast<size_t>(std::max<ssize_t>(length, 0))}));
    }
    return text;
}

/// The root directory of a subvolume has always the inode number 256.
bool is_subvolume(const std::string& path, const struct stat& facts) {
    struct statfs below {};
    return facts.st_ino == 256 && S_ISDIR(facts.st_mode) && ::statfs(path.c_str(), &below) == 0 &&
           below.f_type == BTRFS_SUPER_MAGIC;
}

std::string file_line(const std::string& path, std::string_view shown) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0) return cat("file ", shown, " vanished");
    const bool sized = S_ISREG(facts.st_mode) || S_ISLNK(facts.st_mode);
    return cat("file ", shown, " mode ", facts.st_mode, " owner ", facts.st_uid, ":", facts.st_gid, " size ",
               sized ? facts.st_size : 0, " device ", facts.st_rdev, is_subvolume(path, facts) ? " subvolume" : "",
               attributes_of(path));
}

void add_tree(Snapshot& lines, const std::string& directory, size_t hidden) {
    std::error_code error;
    if (!fs::exists(directory, error)) return;
    lines.push_back(file_line(directory, std::string_view(directory).substr(std::min(hidden, directory.size()))));
    for (auto at = fs::recursive_directory_iterator(directory, fs::directory_options::skip_permission_denied, error);
         at != fs::recursive_directory_iterator(); at.increment(error)) {
        const std::string path = at->path();
        lines.push_back(file_line(path, std::string_view(path).substr(hidden)));
    }
}

/// A cgroup has two links and one for each below it: most have none, and many files that need no look then.
void add_cgroups(std::vector<std::string>& found, const std::string& directory, const std::string& name) {
    std::error_code error;
    for (auto at = fs::directory_iterator(directory, error); at != fs::directory_iterator(); at.increment(error)) {
        if (at->is_symlink(error) || !at->is_directory(error)) continue;
        const std::string path = at->path();
        if (path.find(name) != path.npos) found.push_back(path);
        if (fs::hard_link_count(path, error) != 2) add_cgroups(found, path, name);
    }
}

}  // namespace

std::vector<std::string> mount_points() {
    std::vector<std::string> points;
    const std::string text = sdk::read_file("/proc/self/mountinfo");
    for (const std::string_view line : sdk::split(text, '\n'))
        if (const auto words = sdk::split(line, ' '); words.size() > 4) points.emplace_back(words[4]);
    return points;
}

std::vector<int> other_processes() {
    std::vector<int> pids;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const int pid = std::atoi(entry.path().filename().c_str());
        if (pid > 0 && pid != ::getpid()) pids.push_back(pid);
    }
    return pids;
}

std::vector<std::string> cgroups_with(const std::string& name) {
    std::vector<std::string> found;
    add_cgroups(found, "/sys/fs/cgroup", name);
    std::ranges::sort(found, std::greater());
    return found;
}

std::vector<std::string> loop_devices_below(const std::string& directory) {
    std::vector<std::string> devices;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/sys/block", error)) {
        const std::string name = entry.path().filename();
        if (!name.starts_with("loop")) continue;
        const std::string file = sdk::try_read_file(cat("/sys/block/", name, "/loop/backing_file")).value_or("");
        if (file.starts_with(directory)) devices.push_back("/dev/" + name);
    }
    return devices;
}

Snapshot look_at_tree(const std::string& directory) {
    Snapshot lines;
    add_tree(lines, directory, directory.size());
    std::ranges::sort(lines);
    return lines;
}

Snapshot look_at_host(const SnapshotPlaces& places) {
    Snapshot lines;
    add_links(lines);
    add_addresses(lines);
    add_routes(lines);
    add_packet_filter(lines);
    lines.push_back("forwarding " + sdk::try_read_file("/proc/sys/net/ipv4/ip_forward").value_or("?"));
    add_mounts(lines);
    add_processes(lines);
    for (const std::string& path : cgroups_with(places.name)) lines.push_back("cgroup " + path);
    for (const std::string& device : loop_devices_below(places.work)) lines.push_back("loop " + device);
    for (const std::string& directory : places.files) add_tree(lines, directory, 0);
    std::ranges::sort(lines);
    return lines;
}

std::vector<std::string> difference(const Snapshot& before, const Snapshot& now) {
    Snapshot gone, came, lines;
    std::ranges::set_difference(before, now, std::back_inserter(gone));
    std::ranges::set_difference(now, before, std::back_inserter(came));
    for (const std::string& line : gone) lines.push_back("- " + line);
    for (const std::string& line : came) lines.push_back("+ " + line);
    return lines;
}

}  // namespace keelson::fault
