#include <keelson/sdk/error.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/second_try.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/next_program.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace keelson::process {
namespace {

/// Passed on by exec(2), until somebody thinks better of it.
class PassedOn {
public:
    explicit PassedOn(const std::vector<int>& fds) : fds_(fds) { base::pass_on(fds_, true); }
    ~PassedOn() { base::pass_on(fds_, false); }
    PassedOn(const PassedOn&) = delete;

private:
    const std::vector<int>& fds_;
};

UniqueFd in_memory(std::string_view packed) {
    UniqueFd memory(::memfd_create("keelson-monitor", MFD_ALLOW_SEALING));
    if (!memory) throw Error::last("memfd_create", "");
    base::write_fd(memory.get(), packed, "memory");
    if (::lseek(memory.get(), 0, SEEK_SET) < 0) throw Error::last("lseek", "memory");
    constexpr int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (::fcntl(memory.get(), F_ADD_SEALS, seals) != 0) throw Error::last("seal", "memory");
    return memory;
}

/// A program that finds no memory to begin with is killed, and the container with it; the one that executes it can wait.
void must_have_room() {
    constexpr size_t enough = 4 << 20;  // many times what either program has written to when it serves
    void* const room = ::mmap(nullptr, enough, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) throw Error::last("get memory for", "the monitor's next program");
    ::munmap(room, enough);
}

}  // namespace

UniqueFd read_only_clone(int directory_borrowed, const std::string& path) {
    constexpr unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    const std::string name = path.empty() ? "a program" : path;
    UniqueFd clone(static_cast<int>(::syscall(SYS_open_tree, directory_borrowed, path.c_str(), flags)));
    if (!clone) throw Error::last("clone the mount of", name, "entering a container needs CAP_SYS_ADMIN");
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
    if (::syscall(SYS_mount_setattr, clone.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
        throw Error::last("make read-only the mount of", name);
    return clone;
}

UniqueFd this_program() { return base::open_file("/proc/self/exe", O_PATH); }

void go_on_as(int program_borrowed, const std::string& title, std::string_view packed, const std::vector<int>& fds) {
    const UniqueFd memory = in_memory(packed);
    const PassedOn kept(fds);
    std::string first = title, second = std::to_string(memory.get());
    must_have_room();
    char* const arguments[] = {first.data(), second.data(), nullptr};
    ::execveat(program_borrowed, "", arguments, environ, AT_EMPTY_PATH);
    throw Error::last("execute", "the monitor's next program");
}

bool takes_over(int argc, char** argv) noexcept { return argc == 2 && std::string_view(argv[0]).starts_with(monitor_title); }

std::string taken_over(int argc, char** argv) {
    const auto number = takes_over(argc, argv) ? base::parse_unsigned(argv[1]) : std::nullopt;
    if (!number) throw Error(EINVAL, "", "this program is executed by a container's monitor alone");
    std::memset(argv[1], 0, std::strlen(argv[1]));
    ::prctl(PR_SET_NAME, argv[0]);
    const UniqueFd memory(static_cast<int>(*number));
    return base::with_second_try([&memory] {
        ::lseek(memory.get(), 0, SEEK_SET);
        return base::read_fd(memory.get(), "what the monitor handed over");
    });
}

}  // namespace keelson::process
