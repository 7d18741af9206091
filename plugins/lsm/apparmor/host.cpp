#include "host.hpp"

#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/program.hpp>
#include <keelson/sdk/text.hpp>

namespace keelson::apparmor {

bool Host::enabled() const { return sdk::try_read_file(paths_.enabled).value_or("N").starts_with('Y'); }

std::string Host::own_label() const {
    auto text = sdk::try_read_file(paths_.process + "/attr/apparmor/current");
    if (!text) text = sdk::try_read_file(paths_.process + "/attr/current");
    if (!text) return "unconfined";
    const std::string_view label = sdk::trim(*text);
    return std::string(label.substr(0, label.rfind(" (")));
}

bool Host::mediates_mounts() const { return ::access((paths_.securityfs + "/features/mount/mask").c_str(), F_OK) == 0; }

bool Host::can_stack() const {
    const std::string text = sdk::try_read_file(paths_.securityfs + "/features/domain/stack").value_or("");
    return text.starts_with("yes") && ::access((paths_.securityfs + "/policy/namespaces").c_str(), W_OK) == 0;
}

bool Host::has_parser() const { return ::access(paths_.parser.c_str(), X_OK) == 0; }

bool Host::has_cgroup_namespaces() const { return ::access((paths_.process + "/ns/cgroup").c_str(), F_OK) == 0; }

std::optional<bool> Host::is_loaded(std::string_view profile) const {
    const auto text = sdk::try_read_file(paths_.securityfs + "/profiles");
    if (!text) return std::nullopt;
    for (const std::string_view line : sdk::split(*text, '\n'))
        if (line.substr(0, line.rfind(" (")) == profile) return true;
    return false;
}

void Host::compile(const std::string& text_file, const std::string& compiled) const {
    const sdk::ProgramEnd end = sdk::run_program({paths_.parser, "-Q", "-K", "-q", "-o", compiled, text_file});
    if (end.code == 0) return;
    throw Error(EINVAL, text_file, cat(paths_.parser, " says: ", end.said, "; in"),
                "the lines of lxc.apparmor.raw are part of the profile");
}

std::string Host::compiler_identity() const {
    utsname host{};
    ::uname(&host);
    struct stat parser {};
    ::stat(paths_.parser.c_str(), &parser);
    return cat("Linux ", host.release, ' ', host.version, ", apparmor_parser ", parser.st_size, '-', parser.st_mtime);
}

void Host::load(const std::string& compiled) const {
    const std::string policy = sdk::read_file(compiled), door = paths_.securityfs + "/.replace";
    if (const int error = sdk::try_write_file(door, policy)) throw Error(error, compiled, "load the AppArmor profile in");
}

void Host::remove(std::string_view profile) const {
    const int error = sdk::try_write_file(paths_.securityfs + "/.remove", profile);
    if (error != 0 && error != ENOENT) throw Error(error, std::string(profile), "remove the AppArmor profile");
}

std::string Host::namespace_directory(const std::string& name) const {
    return cat(paths_.securityfs, "/policy/namespaces/", name);
}

void Host::make_namespace(const std::string& name) const {
    const std::string directory = namespace_directory(name);
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
        throw Error::last("make the AppArmor policy namespace", directory);
}

void Host::remove_namespace(const std::string& name) const {
    const std::string directory = namespace_directory(name);
    if (::rmdir(directory.c_str()) != 0 && errno != ENOENT)
        throw Error::last("remove the AppArmor policy namespace", directory);
}

}  // namespace keelson::apparmor
