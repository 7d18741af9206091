// The smallest container that boots: the host's busybox, a link for each of its applets, and a handful of files in /etc.
#include <sys/stat.h>
#include <unistd.h>
#include <keelson/sdk/template.hpp>
#include <plugins/templates/common/child.hpp>
#include <plugins/templates/common/options.hpp>

#include "rootfs.hpp"

namespace {

using namespace keelson;

class BusyboxTemplate final : public sdk::Template {
public:
    std::vector<std::string> create(const sdk::Context& context, const sdk::TemplateRequest& request,
                                    const Step& step) override {
        std::string path;
        templates::parse_options(request.arguments, {{"--busybox-path", 0, [&](std::string_view value) { path = value; }}});
        const templates::Busybox busybox = templates::inspect_busybox(choose(path));
        if (busybox.dynamic)
            context.warn(cat(busybox.path, " is linked dynamically: the container uses it with the host's libraries"));
        step("writing the rootfs", 50);
        templates::fill_rootfs(request.rootfs, busybox);
        return lines(context.name());
    }

    std::vector<std::string> help() const override {
        return {"--busybox-path=FILE  the busybox that the container gets (default: the one found on PATH)"};
    }

private:
    static std::string choose(const std::string& wanted) {
        const std::string found = templates::find_program(wanted.empty() ? "busybox" : wanted);
        if (!found.empty()) return found;
        if (!wanted.empty()) throw Error(ENOENT, wanted, "no program to run at", "--busybox-path takes an executable file");
        throw Error(ENOENT, "busybox", "the host has no", "apt install busybox-static, or --busybox-path=FILE");
    }

    /// What the host has of the directories that hold libraries, for programs that are not static.
    static void add_libraries(std::vector<std::string>& lines) {
        for (const char* directory : {"lib", "usr/lib", "lib64", "usr/lib64"}) {
            struct stat facts;
            if (::stat(cat('/', directory).c_str(), &facts) == 0 && S_ISDIR(facts.st_mode))
                lines.push_back(cat("lxc.mount.entry = /", directory, ' ', directory, " none ro,bind 0 0"));
        }
    }

    static std::vector<std::string> lines(const std::string& name) {
        std::vector<std::string> lines = {
            "lxc.signal.halt = SIGUSR1",
            "lxc.signal.reboot = SIGTERM",
            cat("lxc.uts.name = ", name),
            "lxc.autodev = 1",
            "lxc.tty.max = 5",
            "lxc.pty.max = 1",
            "lxc.cap.drop = sys_module mac_admin mac_override sys_time",
            "lxc.mount.auto = cgroup:mixed proc:mixed sys:ro",
            "lxc.mount.entry = shm dev/shm tmpfs defaults,create=dir 0 0",
            "lxc.mount.entry = mqueue dev/mqueue mqueue defaults,optional,create=dir 0 0",
        };
        add_libraries(lines);
        lines.push_back("lxc.mount.entry = /sys/kernel/security sys/kernel/security none ro,bind,optional 0 0");
        return lines;
    }
};

}  // namespace

KEELSON_TEMPLATE("busybox", BusyboxTemplate, .version = "1.0", .summary = "A small container of the host's busybox");
