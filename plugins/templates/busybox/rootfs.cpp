#include "rootfs.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <plugins/templates/common/child.hpp>
#include <plugins/templates/common/tree.hpp>

namespace keelson::templates {

namespace {

// busybox init(8) reads it: at boot rcS, a login on the first terminal, and a shell on the console once somebody asks.
constexpr char inittab[] =
    "::sysinit:/etc/init.d/rcS\n"
    "tty1::respawn:/bin/getty -L tty1 115200 vt100\n"
    "console::askfirst:/bin/sh\n";

// Without an answer from a DHCP server the boot goes on (-b). An address that the runtime gave is left alone.
constexpr char boot_script[] =
    "#!/bin/sh\n"
    "/bin/syslogd\n"
    "/bin/mount -a\n"
    "if [ -e /sys/class/net/eth0 ] && ! /bin/ip -4 address show dev eth0 | /bin/grep -q inet; then\n"
    "    /bin/udhcpc -b -i eth0 >/dev/null 2>&1\n"
    "fi\n";

// Called by udhcpc with what happened as its argument and the lease in its environment.
constexpr char dhcp_script[] =
    "#!/bin/sh\n"
    "case $1 in\n"
    "deconfig)\n"
    "    ip address flush dev $interface\n"
    "    ip link set $interface up\n"
    "    ;;\n"
    "bound | renew)\n"
    "    ip address replace $ip/$mask ${broadcast:+broadcast $broadcast} dev $interface\n"
    "    for gateway in $router; do\n"
    "        ip route replace default via $gateway dev $interface && break\n"
    "    done\n"
    "    {\n"
    "        [ -z \"$domain\" ] || echo search $domain\n"
    "        for server in $dns; do echo nameserver $server; done\n"
    "    } >/etc/resolv.conf\n"
    "    ;;\n"
    "esac\n";

constexpr const char* directories[] = {"selinux", "dev",     "dev/pts", "home",     "root",  "etc",      "etc/init.d", "bin",
                                       "usr",     "usr/bin", "sbin",    "usr/sbin", "proc",  "sys",      "mnt",        "var",
                                       "var/log", "var/run", "lib",     "usr/lib",  "lib64", "usr/lib64"};

/// A file of the host, mapped for reading.
class Mapping {
public:
    explicit Mapping(const std::string& path) {
        const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        struct stat facts;
        if (!fd || ::fstat(fd.get(), &facts) < 0) throw Error::last("open", path);
        size_ = static_cast<size_t>(facts.st_size);
        data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
        if (data_ == MAP_FAILED) throw Error::last("map", path);
    }
    Mapping(const Mapping&) = delete;
    ~Mapping() { ::munmap(data_, size_); }
    std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

private:
    void* data_;
    size_t size_;
};

template <typename Header, typename Segment>
bool has_interpreter(std::string_view file) {
    Header header;
    if (file.size() < sizeof header) return false;
    std::memcpy(&header, file.data(), sizeof header);
    for (uint64_t i = 0; i < header.e_phnum; ++i) {
        const uint64_t offset = header.e_phoff + i * sizeof(Segment);
        Segment segment;
        if (offset > file.size() || file.size() - offset < sizeof segment) return false;
        std::memcpy(&segment, file.data() + offset, sizeof segment);
        if (segment.p_type == PT_INTERP) return true;
    }
    return false;
}

/// elf(5): a program with an interpreter is linked dynamically.
bool is_dynamic(std::string_view file) {
    if (file.size() < EI_NIDENT || !file.starts_with(ELFMAG)) return false;
    return file[EI_CLASS] == ELFCLASS64 ? has_interpreter<Elf64_Ehdr, Elf64_Phdr>(file)
                                        : has_interpreter<Elf32_Ehdr, Elf32_Phdr>(file);
}

/// The path of the DHCP client's script was fixed when busybox was built, and stands in it as a string of its own.
std::string find_dhcp_script(std::string_view file) {
    constexpr std::string_view ending("/default.script\0", 16);
    for (size_t at = file.find(ending); at != std::string_view::npos; at = file.find(ending, at + 1)) {
        const size_t start = file.rfind('\0', at) + 1;
        if (start < at && file[start] == '/') return std::string(file.substr(start + 1, at - start - 1 + ending.size() - 1));
    }
    return "usr/share/udhcpc/default.script";
}

std::vector<std::string> list_applets(const std::string& path) {
    std::vector<std::string> applets;
    Child listing{.argv = {path, "--list"}};
    listing.reader = [&](std::string_view line) { applets.emplace_back(line); };
    const int status = run(listing);
    if (status != 0 || applets.empty())
        throw Error(0, path, "names no applets:", "--busybox-path takes a busybox built with its --list option");
    return applets;
}

void add_programs(Tree& tree, const Busybox& busybox) {
    // Set-uid for the sake of passwd and su; busybox drops it for every applet that does not ask for it.
    tree.copy("bin/busybox", busybox.path, 06755);
    for (const std::string& applet : busybox.applets) {
        const bool plain = !applet.empty() && applet.find('/') == std::string::npos && applet != "busybox";
        if (plain) tree.link(cat("bin/", applet), "busybox");
    }
    tree.hard_link("sbin/init", "bin/busybox");
}

}  // namespace

Busybox inspect_busybox(const std::string& path) {
    const Mapping mapping(path);
    return {path, is_dynamic(mapping.bytes()), find_dhcp_script(mapping.bytes()), list_applets(path)};
}

void fill_rootfs(const std::string& rootfs, const Busybox& busybox) {
    Tree tree(rootfs);
    for (const char* directory : directories) tree.directory(directory);
    tree.directory("tmp", 01777);
    tree.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    tree.file("etc/group", "root:x:0:root\n");
    tree.file("etc/shadow", "", 0640);
    tree.file("etc/fstab", "");
    tree.file("etc/inittab", inittab);
    tree.file("etc/init.d/rcS", boot_script, 0744);
    tree.file(busybox.dhcp_script, dhcp_script, 0744);
    add_programs(tree, busybox);
}

}  // namespace keelson::templates
