#include "cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

namespace keelson::seccomp {

namespace {

/// Only names a file, whose content decides.
std::string entry_name(std::string_view made_from) { return std::to_string(sdk::fnv1a(made_from)); }

UniqueFd open_own_directory(int parent, const std::string& name) {
    if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) return {};
    UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat s {};
    if (!fd || ::fstat(fd.get(), &s) != 0 || s.st_uid != ::geteuid() || (s.st_mode & 077) != 0) return {};
    return fd;
}

/// What an entry begins with; the program follows.
std::string head_of(std::string_view made_from) {
    return cat("keelson seccomp 1 ", made_from.size(), '\n', std::string(made_from));
}

}  // namespace

std::string cache_directory(std::string_view runtime_directory) {
    constexpr std::string_view own = "/keelson/";
    const size_t at = runtime_directory.find(own);
    if (at == std::string_view::npos) return {};
    return cat(std::string(runtime_directory.substr(0, at + own.size())), "cache/seccomp");
}

Cache::Cache(const std::string& directory) {
    if (directory.empty()) return;
    const size_t slash = directory.rfind('/');
    const size_t before = directory.rfind('/', slash - 1);
    const UniqueFd top(::open(directory.substr(0, before).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!top) return;
    const UniqueFd parent = open_own_directory(top.get(), directory.substr(before + 1, slash - before - 1));
    if (parent) directory_ = open_own_directory(parent.get(), directory.substr(slash + 1));
}

std::optional<std::string> Cache::find(std::string_view made_from) const {
    if (!directory_) return std::nullopt;
    const UniqueFd file(::openat(directory_.get(), entry_name(made_from).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) return std::nullopt;
    const std::string text = sdk::read_all(file.get(), "seccomp cache"), head = head_of(made_from);
    if (!text.starts_with(head) || text.size() == head.size() || (text.size() - head.size()) % 8 != 0) return std::nullopt;
    return text.substr(head.size());
}

void Cache::keep(std::string_view made_from, std::string_view program) const {
    if (!directory_) return;
    const std::string name = entry_name(made_from), fresh = cat(name, '.', ::getpid());
    const std::string text = head_of(made_from) + std::string(program);
    const UniqueFd file(::openat(directory_.get(), fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return;
    const bool whole = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!whole || ::renameat(directory_.get(), fresh.c_str(), directory_.get(), name.c_str()) != 0)
        ::unlinkat(directory_.get(), fresh.c_str(), 0);
}

}  // namespace keelson::seccomp
