// AppArmor as the kernel of this host has it: securityfs below /sys/kernel/security/apparmor, and procfs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keelson::apparmor {

/// [host] Where things stand; tests have other places.
struct HostPaths {
    std::string enabled = "/sys/module/apparmor/parameters/enabled";
    std::string securityfs = "/sys/kernel/security/apparmor";
    std::string process = "/proc/self";
    std::string parser = "/sbin/apparmor_parser";
};

class Host {
public:
    explicit Host(HostPaths paths = {}) : paths_(std::move(paths)) {}

    bool enabled() const;
    /// The calling process's label without its mode; "unconfined" if it has none.
    std::string own_label() const;
    bool mediates_mounts() const;
    bool can_stack() const;
    bool has_parser() const;
    bool has_cgroup_namespaces() const;
    /// No value when this user may not see the list.
    std::optional<bool> is_loaded(std::string_view profile) const;

    /// Compiles a profile's text file into `compiled`, with apparmor_parser and for this kernel's features. Runs a program, for
    /// 0.2 s and more. Throws Error with the parser's words.
    void compile(const std::string& text_file, const std::string& compiled) const;
    /// What a compiled profile depends on beside its text.
    std::string compiler_identity() const;

    /// Loads, or replaces, what a compiled file holds. Throws Error.
    void load(const std::string& compiled) const;
    /// [may repeat] Success if it is not there.
    void remove(std::string_view profile) const;
    void make_namespace(const std::string& name) const;
    /// [may repeat] With the profiles in it.
    void remove_namespace(const std::string& name) const;

private:
    std::string namespace_directory(const std::string& name) const;

    HostPaths paths_;
};

}  // namespace keelson::apparmor
