// A Debian that boots systemd, from the archive that this machine itself uses.
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <keelson/sdk/template.hpp>
#include <plugins/templates/common/options.hpp>

#include "apt_sources.hpp"
#include "bootstrap.hpp"
#include "os_release.hpp"
#include "rootfs.hpp"

namespace {

using namespace keelson;

/// For a boot to `running`, with a network, on top of the base system.
constexpr const char* needed_packages[] = {"systemd-sysv", "dbus",         "libpam-systemd", "ifupdown", "isc-dhcp-client",
                                           "iproute2",     "iputils-ping", "netbase",        "procps",   "ca-certificates"};
constexpr char default_keyring[] = "/usr/share/keyrings/debian-archive-keyring.gpg";

struct Wanted {
    std::string release, variant = "minbase", mirror, architecture;
    std::vector<std::string> packages{std::begin(needed_packages), std::end(needed_packages)};
    bool cache = true;

    void add_packages(std::string_view list) {
        for (size_t start = 0; start < list.size();) {
            const size_t end = std::min(list.find_first_of(", ", start), list.size());
            if (end > start) packages.emplace_back(list.substr(start, end - start));
            start = end + 1;
        }
    }
};

class DebianTemplate final : public sdk::Template {
public:
    std::vector<std::string> create(const sdk::Context& context, const sdk::TemplateRequest& request,
                                    const Step& step) override {
        const Wanted wanted = parse(request.arguments);
        const std::vector<templates::AptSource> sources = choose_sources(wanted);
        templates::bootstrap({
            .rootfs = request.rootfs,
            .release = wanted.release,
            .variant = wanted.variant,
            .architecture = wanted.architecture,
            .packages = wanted.packages,
            .sources = sources,
            .scratch = context.directory(),
            .cache = wanted.cache ? make_cache() : std::string(),
            .step = step,
            .log = [&](std::string_view line) { context.debug(line); },
        });
        step("writing the configuration", 98);
        templates::prepare_debian(request.rootfs, context.name(), sources);
        return lines(context.name(), wanted.architecture);
    }

    std::vector<std::string> help() const override {
        return {
            "-r, --release=NAME    bookworm, trixie, sid, ... (default: this machine's, else stable)",
            "    --variant=NAME    minbase, important, standard, ... (default: minbase)",
            "    --packages=LIST   more packages, separated by commas; may be repeated",
            "-m, --mirror=URL      instead of the archive in this machine's apt sources",
            "-a, --arch=NAME       amd64, arm64, ... (default: this machine's)",
            "    --no-cache        do not keep fetched packages for the next container",
        };
    }

private:
    static Wanted parse(const std::vector<std::string>& arguments) {
        Wanted wanted;
        const auto into = [](std::string& text) { return [&text](std::string_view value) { text = value; }; };
        templates::parse_options(arguments, {{"--release", 'r', into(wanted.release)},
                                             {"--variant", 0, into(wanted.variant)},
                                             {"--packages", 0, [&](std::string_view list) { wanted.add_packages(list); }},
                                             {"--mirror", 'm', into(wanted.mirror)},
                                             {"--arch", 'a', into(wanted.architecture)},
                                             {"--no-cache", 0, [&](std::string_view) { wanted.cache = false; }, false}});
        const templates::OsRelease host = templates::read_os_release("/etc/os-release");
        if (wanted.release.empty()) wanted.release = host.id == "debian" && !host.codename.empty() ? host.codename : "stable";
        if (wanted.architecture.empty()) wanted.architecture = own_architecture();
        return wanted;
    }

    static std::vector<templates::AptSource> choose_sources(const Wanted& wanted) {
        if (!wanted.mirror.empty()) return {{{wanted.mirror}, {wanted.release}, {"main"}, keyring()}};
        const templates::OsRelease host = templates::read_os_release("/etc/os-release");
        std::vector<templates::AptSource> sources;
        if (host.id == "debian") sources = sources_for(templates::read_sources("/etc/apt"), host.codename, wanted.release);
        if (sources.empty()) sources = {{{"http://deb.debian.org/debian"}, {wanted.release}, {"main"}, keyring()}};
        return sources;
    }

    static std::string keyring() { return ::access(default_keyring, R_OK) == 0 ? default_keyring : ""; }

    /// Debian's name for the machine that uname(2) names.
    static std::string own_architecture() {
        struct utsname facts;
        ::uname(&facts);
        const std::string_view machine = facts.machine;
        if (machine == "x86_64") return sizeof(void*) == 8 ? "amd64" : "i386";
        if (machine == "aarch64") return "arm64";
        if (machine == "ppc64le") return "ppc64el";
        if (machine.starts_with("armv7")) return "armhf";
        return std::string(machine);
    }

    /// /var/cache/keelson/debian, or an ordinary user's ~/.cache/keelson/debian; empty if it cannot be made.
    static std::string make_cache() {
        const char* home = ::getenv("HOME");
        std::string path = ::access("/var/cache", W_OK) == 0 || !home ? "/var/cache" : cat(home, "/.cache");
        for (const char* part : {"", "/keelson", "/debian"}) {
            path += part;
            if (::mkdir(path.c_str(), 0755) < 0 && errno != EEXIST) return {};
        }
        return ::access(path.c_str(), W_OK) == 0 ? path : std::string();
    }

    static std::vector<std::string> lines(const std::string& name, const std::string& architecture) {
        return {
            cat("lxc.uts.name = ", name),
            cat("lxc.arch = ", architecture == "i386" || architecture == "armhf" ? "linux32" : "linux64"),
            "lxc.tty.max = 4",
            "lxc.pty.max = 1024",
            "lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio",
            "lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed",
            "lxc.signal.halt = SIGRTMIN+3",
        };
    }
};

}  // namespace

KEELSON_TEMPLATE("debian", DebianTemplate, .version = "1.0",
                 .summary = "Debian with systemd, from this machine's package mirror");
