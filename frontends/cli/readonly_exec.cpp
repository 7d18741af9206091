#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <frontends/cli/readonly_exec.hpp>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <kernel/config/global.hpp>
#include <kernel/process/next_program.hpp>

#include <climits>
#include <cstdlib>
#include <string>

namespace keelson::cli {

namespace {

constexpr const char* this_program = "/proc/self/exe";

std::string path_of_this_program() {
    char path[PATH_MAX];
    const ssize_t length = ::readlink(this_program, path, sizeof path);
    if (length < 0) throw Error::last("find this program by", this_program, "is /proc mounted?");
    return {path, static_cast<size_t>(length)};
}

bool is_read_only() {
    struct statvfs where = {};
    return ::statvfs(this_program, &where) == 0 && (where.f_flag & ST_RDONLY) != 0;
}

}  // namespace

void ensure_readonly_program(char** argv) {
    if (::geteuid() != 0) return;
    if (is_read_only()) {
        config::installation_prefix();  // remembered, so that nobody inherits the variable
        ::unsetenv(config::program_path_variable);
        return;
    }
    const UniqueFd clone = process::read_only_clone(AT_FDCWD, this_program);
    ::setenv(config::program_path_variable, path_of_this_program().c_str(), 1);
    ::execveat(clone.get(), "", argv, environ, AT_EMPTY_PATH);
    throw Error::last("execute the read-only clone of", this_program);
}

}  // namespace keelson::cli
