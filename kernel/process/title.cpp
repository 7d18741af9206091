#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/title.hpp>

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace keelson::process {
namespace {

struct Room {
    char* begin = nullptr;
    size_t size = 0;
};

/// proc(5), stat fields 48 (arg_start) to 51 (env_end). The kernel shows what lies beyond the arguments too when their last
/// byte is not NUL (proc_pid_cmdline(5)).
Room room_of_arguments() {
    const std::string stat = base::read_file("/proc/self/stat");
    const std::vector<std::string_view> fields = base::words(std::string_view(stat).substr(stat.rfind(')') + 1));
    if (fields.size() < 49) return {};
    const uint64_t begin = base::parse_unsigned(fields[45]).value_or(0), end = base::parse_unsigned(fields[48]).value_or(0);
    return begin == 0 || end <= begin ? Room{} : Room{reinterpret_cast<char*>(begin), end - begin};
}

void move_environment() {
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) *variable = ::strdup(*variable);
}

}  // namespace

void set_title(const std::string& title) {
    ::prctl(PR_SET_NAME, title.c_str());
    const Room room = room_of_arguments();
    if (room.begin == nullptr) return;
    move_environment();
    const size_t shown = std::min(title.size(), room.size - 1);
    std::memset(room.begin, 0, room.size);
    std::memcpy(room.begin, title.data(), shown);
}

}  // namespace keelson::process
