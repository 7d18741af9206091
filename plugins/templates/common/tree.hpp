// Writing into a rootfs that is not trusted to hold no links: every path is resolved inside it (openat2(2),
// RESOLVE_IN_ROOT), and what stands at the last component is replaced, never followed.
#pragma once

#include <sys/types.h>
#include <keelson/sdk/unique_fd.hpp>

#include <string>
#include <string_view>

namespace keelson::templates {

class Tree {
public:
    /// Throws keelson::Error, as every member does.
    explicit Tree(const std::string& root);

    int fd() const { return root_.get(); }
    /// Paths are relative to the root. Missing parents are made, 0755.
    void directory(std::string_view path, mode_t mode = 0755);
    void file(std::string_view path, std::string_view content, mode_t mode = 0644);
    void link(std::string_view path, std::string_view target);
    /// A second name of an existing file.
    void hard_link(std::string_view path, std::string_view existing);
    /// A copy of a file of the host.
    void copy(std::string_view path, const std::string& host_file, mode_t mode);
    /// A file, or an empty directory; gone already is fine.
    void remove(std::string_view path);
    bool exists(std::string_view path) const;
    bool is_directory(std::string_view path) const;
    std::string read(std::string_view path) const;

private:
    UniqueFd open(std::string_view path, int flags) const;
    /// The directory that holds the last component, made where missing.
    UniqueFd parent(std::string_view path);
    UniqueFd create(std::string_view path);

    std::string name_;
    UniqueFd root_;
};

}  // namespace keelson::templates
