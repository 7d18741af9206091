#include "profile.hpp"

#include "command.hpp"
#include "host_snapshot.hpp"

#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <regex>

namespace keelson::fault {
namespace {

constexpr std::string_view changing[] = {
    "Pid:",    "Tgid:",  "PPid:",       "Ngid:",   "TracerPid:",   "NSpid:",       "NStgid:",
    "NSpgid:", "NSsid:", "Vm",          "Rss",     "voluntary",    "nonvoluntary", "HugetlbPages",
    "Threads", "SigQ",   "State:",      "FDSize:", "Cpus_allowed", "Mems_allowed", "x86_Thread",
    "SigPnd",  "ShdPnd", "Speculation", "untag",   "Kthread",      "Core",         "THP"};

std::string link_of(const std::string& path) {
    std::array<char, 512> target{};
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size() - 1);
    return size < 0 ? "?" : std::string(target.data(), static_cast<size_t>(size));
}

/// Mounts by place, kind and options; the numbers of mounts, peers and loop devices are new each time.
std::string mounts_of(pid_t pid) {
    static const std::regex loop("/dev/loop[0-9]+"), numbers("^[0-9]+ [0-9]+ [0-9]+:[0-9]+ "),
        peers(" (shared|master|propagate_from):[0-9]+");
    const std::string mounts = sdk::try_read_file(cat("/proc/", pid, "/mountinfo")).value_or("?");
    std::string text;
    for (const std::string_view line : sdk::split(mounts, '\n')) {
        std::string one = std::regex_replace(std::string(line), loop, "/dev/loopN");
        one = std::regex_replace(std::regex_replace(one, numbers, ""), peers, "");
        text += cat("mount ", one, "\n");
    }
    return text;
}

std::string namespaces_of(pid_t pid) {
    std::string text;
    for (const char* kind : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
        const bool ours = link_of(cat("/proc/", pid, "/ns/", kind)) == link_of(cat("/proc/self/ns/", kind));
        text += cat("namespace ", kind, ours ? " of the host\n" : " of its own\n");
    }
    return text;
}

std::string descriptors_of(pid_t pid) {
    static const std::regex number("[0-9]+");
    std::vector<std::string> lines;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(cat("/proc/", pid, "/fd"), error))
        lines.push_back(
            cat("fd ", entry.path().filename().string(), " ", std::regex_replace(link_of(entry.path()), number, "N")));
    std::ranges::sort(lines);
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

/// The names of links and their addresses; counters change.
std::string network_of(pid_t pid) {
    std::string text;
    const std::string links = sdk::try_read_file(cat("/proc/", pid, "/net/dev")).value_or("");
    for (const std::string_view line : sdk::split(links, '\n'))
        if (const size_t colon = line.find(':'); colon != line.npos)
            text += cat("link ", sdk::trim(line.substr(0, colon)), "\n");
    return text + sdk::try_read_file(cat("/proc/", pid, "/net/route")).value_or("");
}

std::string environment_of(pid_t pid) {
    std::string text = sdk::try_read_file(cat("/proc/", pid, "/environ")).value_or("");
    std::ranges::replace(text, '\0', '\n');
    return text;
}

}  // namespace

std::string without_changing_numbers(const std::string& text) {
    std::string kept;
    for (const std::string_view line : sdk::split(text, '\n')) {
        if (!std::ranges::any_of(changing, [&](std::string_view start) { return line.starts_with(start); }))
            kept += cat(line, "\n");
    }
    static const std::regex number(cat(cgroup_of_command, "[0-9]+"));
    return std::regex_replace(kept, number, cat(cgroup_of_command, "N"));
}

std::string profile_of(pid_t pid) {
    std::string text;
    for (const char* file : {"status", "cgroup", "limits", "oom_score_adj", "personality"})
        text += cat(sdk::try_read_file(cat("/proc/", pid, "/", file)).value_or("?"), "\n");
    text = without_changing_numbers(text);
    text += cat("cwd ", link_of(cat("/proc/", pid, "/cwd")), "\nroot ", link_of(cat("/proc/", pid, "/root")), "\n");
    return text + mounts_of(pid) + namespaces_of(pid) + descriptors_of(pid) + network_of(pid) + environment_of(pid);
}

std::vector<std::string> difference_of_texts(const std::string& before, const std::string& now) {
    const auto lines = [](const std::string& text) {
        Snapshot found;
        for (const std::string_view line : sdk::split(text, '\n')) found.emplace_back(line);
        std::ranges::sort(found);
        return found;
    };
    return difference(lines(before), lines(now));
}

}  // namespace keelson::fault
