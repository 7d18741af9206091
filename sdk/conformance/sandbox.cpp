#include <conformance/bench.hpp>
#include <conformance/sandbox.hpp>

#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <optional>

namespace keelson::conformance {
namespace {

void write_text(const char* path, const std::string& text) {
    const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
    if (!file || ::write(file.get(), text.data(), text.size()) < 0) throw Error::last("write", path);
}

void become_root_of_a_namespace() {
    const std::string uid = cat("0 ", ::geteuid(), " 1"), gid = cat("0 ", ::getegid(), " 1");
    if (::unshare(CLONE_NEWUSER) != 0) throw Skipped("an ordinary user may make no user namespace here: call it as root");
    write_text("/proc/self/uid_map", uid);
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/gid_map", gid);
}

void bring_up(int socket, const char* name) {
    ifreq request{};
    std::string_view(name).copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_flags = IFF_UP;
    if (::ioctl(socket, SIOCSIFFLAGS, &request) != 0) throw Error::last("bring up", name);
}

/// What a command said when it failed; nothing when it did not.
std::optional<std::string> complaint_of(const std::string& command, const std::string& directory) {
    const std::string line = cat("cd '", directory, "' && { ", command, "\n} 2>&1");
    const std::unique_ptr<FILE, int (*)(FILE*)> output(::popen(line.c_str(), "re"), [](FILE*) { return 0; });
    std::string said;
    for (char text[512]; output && std::fgets(text, sizeof text, output.get());) said += text;
    return output && ::pclose(output.get()) == 0 ? std::nullopt : std::optional(said);
}

}  // namespace

void enter_sandbox() {
    if (::geteuid() != 0) become_root_of_a_namespace();
    if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) throw Skipped("namespaces cannot be made here: call it as root");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw Error::last("make private", "/");
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    bring_up(socket.get(), "lo");
    if (::ioctl(socket.get(), SIOCBRADDBR, bridge_name) == 0) bring_up(socket.get(), bridge_name);
}

void expect_needs(const std::vector<std::string>& commands, const std::string& directory) {
    for (const std::string& command : commands)
        if (const auto said = complaint_of(command, directory)) throw Skipped(cat("needs '", command, "': ", *said));
}

void run_setup(const std::vector<std::string>& commands, const std::string& directory) {
    for (const std::string& command : commands)
        if (const auto said = complaint_of(command, directory)) throw Failure(cat("setup '", command, "' failed: ", *said));
}

}  // namespace keelson::conformance
