#include <conformance/snapshot.hpp>
#include <keelson/sdk/error.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

namespace keelson::conformance {
namespace {

namespace fs = std::filesystem;

void add_lines(Snapshot& facts, const std::string& what, std::istream&& in, const std::string& mark = {}) {
    for (std::string line; std::getline(in, line);)
        if (line.find(mark) != std::string::npos) facts.insert(cat(what, " ", line));
}

/// mountinfo without the numbers that differ for equal mounts (proc(5)); gives the places of the cgroup hierarchies.
std::vector<std::string> add_mounts(Snapshot& facts) {
    std::vector<std::string> cgroups;
    std::ifstream in("/proc/self/mountinfo");
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string id, parent, device, root, place, options, word, type;
        words >> id >> parent >> device >> root >> place >> options;
        while (words >> word && word != "-") continue;
        words >> type;
        facts.insert(cat("mount ", place, " ", root, " ", type, " ", options));
        if (type == "cgroup" || type == "cgroup2") cgroups.push_back(place);
    }
    return cgroups;
}

/// A cgroup of somebody else's may go meanwhile, and takes nothing along but what is below it.
void add_cgroups(Snapshot& facts, const std::string& place, const std::string& mark) {
    std::error_code gone;
    for (auto each = fs::directory_iterator(place, gone); !gone && each != fs::directory_iterator(); each.increment(gone)) {
        std::error_code unknown;
        if (each->is_symlink(unknown) || !each->is_directory(unknown)) continue;
        const std::string path = each->path();
        if (path.find(mark) != std::string::npos) facts.insert(cat("cgroup ", path));
        add_cgroups(facts, path, mark);
    }
}

void add_links(Snapshot& facts) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) throw Error::last("list", "links");
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
    for (const ifaddrs* each = list; each; each = each->ifa_next) {
        facts.insert(cat("link ", each->ifa_name, each->ifa_flags & IFF_UP ? " up" : " down"));
        if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET) continue;
        char text[INET_ADDRSTRLEN] = "";
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr, text, sizeof text);
        facts.insert(cat("address ", each->ifa_name, " ", text));
    }
}

/// The rule set as its own tool shows it, where that is installed; rules have no file to read.
void add_packet_filter(Snapshot& facts) {
    const std::unique_ptr<FILE, int (*)(FILE*)> rules(::popen("nft list ruleset 2>/dev/null", "re"), &::pclose);
    char line[512];
    while (rules && std::fgets(line, sizeof line, rules.get())) facts.insert(cat("packet filter ", line));
}

void add_loops(Snapshot& facts, const std::string& mark) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/sys/block", none)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("loop")) add_lines(facts, name, std::ifstream(entry.path() / "loop/backing_file"), mark);
    }
}

void add_files(Snapshot& facts, const std::string& directory) {
    std::error_code gone;
    auto all = fs::recursive_directory_iterator(directory, gone);
    for (; !gone && all != fs::recursive_directory_iterator(); all.increment(gone)) {
        if (all.depth() == 0 && all->path().filename() == "run") all.disable_recursion_pending();
        struct stat status {};
        if (::lstat(all->path().c_str(), &status) == 0)
            facts.insert(cat("file ", all->path().string(), " mode ", static_cast<unsigned>(status.st_mode)));
    }
}

}  // namespace

Snapshot take_snapshot(const std::string& mark, const std::string& directory) {
    Snapshot facts;
    for (const std::string& place : add_mounts(facts)) add_cgroups(facts, place, mark);
    add_links(facts);
    add_lines(facts, "route", std::ifstream("/proc/net/route"));
    add_lines(facts, "ip_forward", std::ifstream("/proc/sys/net/ipv4/ip_forward"));
    add_packet_filter(facts);
    add_loops(facts, directory);
    add_lines(facts, "profile", std::ifstream("/sys/kernel/security/apparmor/profiles"), mark);
    add_lines(facts, "processes", std::ifstream(cat("/proc/self/task/", ::getpid(), "/children")));
    add_files(facts, directory);
    return facts;
}

std::string difference(const Snapshot& before, const Snapshot& after) {
    const auto only_in = [](const Snapshot& here, const Snapshot& there, const char* what) {
        std::string text;
        for (const std::string& fact : here)
            if (!there.contains(fact)) text += cat(text.empty() ? what : ", ", fact);
        return text;
    };
    const std::string vanished = only_in(before, after, "vanished: "), appeared = only_in(after, before, "left behind: ");
    return cat(appeared, appeared.empty() || vanished.empty() ? "" : "; ", vanished);
}

Snapshot open_descriptors() {
    Snapshot found;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const std::string target = fs::read_symlink(entry.path(), gone);
        const bool own = target.starts_with("/memfd:keelson-conformance") || target.find("/fd") != std::string::npos;
        if (!gone && !own) found.insert(cat("fd ", entry.path().filename().string(), " ", target));
    }
    return found;
}

}  // namespace keelson::conformance
