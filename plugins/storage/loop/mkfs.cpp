#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/program.hpp>
#include <plugins/storage/loop/mkfs.hpp>

namespace keelson::storage {

namespace {

std::string find_program(const std::string& name) {
    for (const char* directory : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/usr/local/sbin/"}) {
        if (::access((directory + name).c_str(), X_OK) == 0) return directory + name;
    }
    throw Error(ENOENT, name, "there is no program",
                "install what makes this filesystem: e2fsprogs for ext4, xfsprogs for xfs");
}

void refuse_bad_type(const std::string& type) {
    constexpr const char* letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (type.empty() || type.find_first_not_of(letters) != std::string::npos) {
        throw Error(EINVAL, type, "this is no type of a filesystem:");
    }
}

}  // namespace

void make_filesystem(const std::string& type, const std::string& image) {
    refuse_bad_type(type);
    const std::string program = find_program("mkfs." + type);
    const sdk::ProgramEnd end = sdk::run_program({program, "-q", image});
    if (end.code != 0) throw Error(0, image, cat(program, " failed on"), end.said);
}

}  // namespace keelson::storage
