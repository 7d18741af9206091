// The text of a profile made for one container: lxc.apparmor.profile = generated. Language: apparmor.d(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::apparmor {

struct ProfileWishes {
    /// Name of the profile.
    std::string name;
    /// Policy namespace that the container loads profiles of its own into; empty where profiles cannot be stacked.
    std::string policy_namespace;
    /// lxc.apparmor.allow_nesting: containers inside; the profile then only keeps apart.
    bool nesting = false;
    /// The container has a user namespace: what it may mount is the kernel's to judge.
    bool user_namespace = false;
    /// lxc.apparmor.raw
    std::vector<std::string> raw;
};

std::string profile_text(const ProfileWishes& wishes);

/// One pattern for everything below `top` (with a slash at its end) but what begins with one of the `kept` words: a word that
/// ends in '*' is a beginning, any other a whole name with all below it.
std::string everything_but(std::string_view top, const std::vector<std::string>& kept);

}  // namespace keelson::apparmor
