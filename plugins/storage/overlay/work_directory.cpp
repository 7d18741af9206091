#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <keelson/sdk/remove_tree.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <plugins/storage/overlay/work_directory.hpp>

#include <memory>

namespace keelson::storage {

namespace {

class Directory {
public:
    explicit Directory(const std::string& path) {
        UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (fd) handle_.reset(::fdopendir(fd.get()));
        if (handle_) (void)fd.release();
    }
    explicit operator bool() const { return handle_ != nullptr; }
    int fd() const { return ::dirfd(handle_.get()); }
    /// Null at the end.
    const char* next() {
        while (const dirent* entry = ::readdir(handle_.get())) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") return entry->d_name;
        }
        return nullptr;
    }

private:
    std::unique_ptr<DIR, int (*)(DIR*)> handle_{nullptr, ::closedir};
};

bool is_made_by_overlayfs(int work, std::string_view name) {
    struct stat facts {};
    if (name != "work" && name != "index") return false;
    return ::fstatat(work, name.data(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && facts.st_mode == S_IFDIR;
}

}  // namespace

bool is_overlays_alone(const std::string& work) {
    Directory directory(work);
    if (!directory) return errno == ENOENT;
    while (const char* name = directory.next()) {
        if (!is_made_by_overlayfs(directory.fd(), name)) return false;
    }
    return true;
}

void remove_last_work_of_lxc(const std::string& work) {
    Directory beside(work.substr(0, work.rfind('/')));
    if (!beside) return;
    while (const char* name = beside.next()) {
        if (std::string_view(name) != "work") return;
    }
    const Directory directory(work);
    const bool was_used = directory && is_made_by_overlayfs(directory.fd(), "work");
    if (was_used && is_overlays_alone(work)) sdk::remove_tree(work);
}

}  // namespace keelson::storage
