#include "module.hpp"

#include "profile_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>
#include <cstdio>

namespace keelson::apparmor {

namespace {

constexpr const char* profile_key = "lxc.apparmor.profile";
constexpr const char* neutral = "unconfined";

constexpr size_t longest_name = 246;

std::string hash_of(std::string_view text) {
    char hash[17];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(sdk::fnv1a(text)));
    return hash;
}

/// Without slashes. The hash tells /srv/a/b and /srv/a-b apart.
std::string flat(std::string name) {
    const std::string hash = hash_of(name);
    if (name.size() + 1 + hash.size() > longest_name) return hash;
    std::ranges::replace(name, '/', '-');
    return cat(name, '-', hash);
}

/// Label of a container's own profile, and the name of its file and policy namespace; long ones are replaced by their FNV-1a
/// hash, as in LXC.
struct Names {
    std::string profile, file;

    explicit Names(const sdk::Context& context) : profile(cat("lxc-", context.name(), "_<", context.lxcpath(), '>')) {
        file = flat(profile);
        if (profile.size() > longest_name) profile = hash_of(profile);
    }
};

bool is_own_profile_of_lxc(std::string_view label) {
    return label == neutral || label == "/usr/bin/lxc-start" || label == "lxc-start";
}

/// Writes the text unless the file holds it already. True if it was written.
bool update_file(const std::string& path, const std::string& text) {
    if (sdk::try_read_file(path) == text) return false;
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) throw Error::last("open", path);
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) throw Error::last("write", path);
    return true;
}

}  // namespace

struct Module::Choice {
    enum class Kind { nothing, label, generated };
    Kind kind = Kind::nothing;
    std::string label;
    /// The container also starts where the profile turns out not to be loaded.
    bool optional = false;
};

void Module::check_starter(const sdk::Context& context) const {
    const std::string label = host_.own_label();
    if (is_own_profile_of_lxc(label) || host_.can_stack()) return;
    if (context.is_set(profile_key) && context.value(profile_key) != label)
        throw Error(EPERM, profile_key, cat("the starting process is confined by ", label, " and cannot change to another"),
                    "set lxc.apparmor.profile = unchanged");
}

Module::Choice Module::choose_default(const sdk::Context& context) const {
    const std::string label = host_.has_cgroup_namespaces() ? "lxc-container-default-cgns" : "lxc-container-default";
    const auto loaded = host_.is_loaded(label);
    if (loaded == true) return {Choice::Kind::label, label, false};
    if (context.by_ordinary_user()) return {Choice::Kind::label, label, true};
    if (host_.has_parser()) return {Choice::Kind::generated, {}, false};
    throw Error(ENOENT, label, "the default AppArmor profile is not loaded, and there is no apparmor_parser to make one:",
                "install the package apparmor, or set lxc.apparmor.profile = unconfined");
}

Module::Choice Module::choose(const sdk::Context& context) const {
    const std::string wanted = context.value(profile_key);
    if (!host_.enabled() || wanted == "unchanged") return {};
    const std::string own = host_.own_label();
    if (wanted == neutral) return own == neutral ? Choice{} : Choice{Choice::Kind::label, neutral, false};
    check_starter(context);
    // a starter that is confined itself, and cannot stack, hands its confinement on
    if (!is_own_profile_of_lxc(own) && !host_.can_stack()) return {};
    if (!host_.mediates_mounts() && context.value("lxc.apparmor.allow_incomplete") != "1")
        throw Error(ENOTSUP, profile_key, "this kernel's AppArmor does not mediate mounts, so no profile is safe:",
                    "set lxc.apparmor.allow_incomplete = 1 to run nevertheless");
    if (wanted.empty()) return choose_default(context);
    if (wanted != "generated") {
        if (host_.is_loaded(wanted) == false)
            throw Error(ENOENT, profile_key, cat("the AppArmor profile ", wanted, " is not loaded:"),
                        "load it with apparmor_parser -r FILE, or set lxc.apparmor.profile = generated");
        return {Choice::Kind::label, wanted, false};
    }
    if (context.by_ordinary_user())
        throw Error(EPERM, profile_key,
                    "only root can load a generated AppArmor profile:", "name a profile that is loaded already, or unconfined");
    if (!host_.has_parser())
        throw Error(ENOENT, "apparmor_parser", "the generated AppArmor profile needs the program",
                    "install the package apparmor");
    return {Choice::Kind::generated, {}, false};
}

std::vector<std::string> Module::mounts(const sdk::Context& context) {
    if (context.value("lxc.apparmor.allow_nesting") != "1") return {};
    return {"proc dev/.lxc/proc proc create=dir,optional 0 0", "sys dev/.lxc/sys sysfs create=dir,optional 0 0"};
}

bool Module::check(const sdk::Context& context) { return choose(context).kind != Choice::Kind::nothing; }

std::string Module::prepare(const sdk::Context& context) {
    const Choice choice = choose(context);
    switch (choice.kind) {
        case Choice::Kind::nothing:
            return {};
        case Choice::Kind::generated:
            return "required " + generate(context);
        case Choice::Kind::label:
            break;
    }
    return cat(choice.optional ? "optional " : "required ", choice.label);
}

std::string Module::generate(const sdk::Context& context) const {
    const Names names(context);
    const bool stacked = host_.can_stack() && is_own_profile_of_lxc(host_.own_label());
    const std::string text = cat(
        "# made by Keelson for ", context.directory(), ", anew at each start\n# ", host_.compiler_identity(), '\n',
        profile_text({names.profile, stacked ? names.file : std::string(), context.value("lxc.apparmor.allow_nesting") == "1",
                      context.has_user_namespace(), context.list("lxc.apparmor.raw")}));
    const std::string directory = context.directory() + "/apparmor";
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) throw Error::last("make", directory);
    const std::string file = cat(directory, '/', names.file), compiled = cat(directory, "/compiled");
    // compiling takes 0.2 s and more: only what has changed is compiled
    const bool changed = update_file(file, text);
    if (changed) ::unlink(compiled.c_str());
    if (changed || ::access(compiled.c_str(), R_OK) != 0) host_.compile(file, compiled);

    const uint64_t profile = context.intend("profile " + names.profile);
    host_.load(compiled);
    context.complete(profile);
    if (!stacked) return names.profile;
    const uint64_t policy_namespace = context.intend("namespace " + names.file);
    host_.make_namespace(names.file);
    context.complete(policy_namespace);
    return cat(names.profile, "//&:", names.file, ':');
}

void Module::confine(const sdk::Context& context, std::string_view state, int proc_borrowed) {
    const size_t blank = state.find(' ');
    if (blank == std::string_view::npos) return;
    const std::string label(state.substr(blank + 1));
    UniqueFd door(::openat(proc_borrowed, "self/attr/apparmor/current", O_WRONLY | O_CLOEXEC));
    // before Linux 5.8
    if (!door) door.reset(::openat(proc_borrowed, "self/attr/current", O_WRONLY | O_CLOEXEC));
    if (!door) throw Error::last("open attr/current for the AppArmor profile", label);
    const std::string request = "changeprofile " + label;
    if (::write(door.get(), request.data(), request.size()) == static_cast<ssize_t>(request.size())) return;
    if (state.starts_with("optional") && errno == ENOENT)
        return context.warn(cat("the AppArmor profile ", label, " is not loaded: the container runs without one"));
    throw Error::last("change to the AppArmor profile", label,
                      errno == ENOENT ? "it is not loaded" : "the starting process's own profile does not let it");
}

void Module::undo(const sdk::Context& context, std::string_view record, const sdk::Namespaces&) {
    const Names names(context);
    if (record == "profile " + names.profile) return host_.remove(names.profile);
    if (record == "namespace " + names.file) return host_.remove_namespace(names.file);
    throw Error(EINVAL, std::string(record), "not a record of the AppArmor plugin for this container");
}

}  // namespace keelson::apparmor
