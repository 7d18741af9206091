#include <keelson/sdk/file.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/content_lock.hpp>
#include <kernel/container/dependents.hpp>
#include <kernel/container/hooks.hpp>
#include <kernel/container/partial.hpp>
#include <kernel/container/session.hpp>
#include <kernel/container/stage_hooks.hpp>
#include <kernel/container/storage.hpp>
#include <kernel/filesystem/tree.hpp>
#include <kernel/monitor/command_server.hpp>
#include <kernel/process/user_privilege.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace keelson::container {
namespace {

bool has_entries(const std::string& directory) {
    return std::ranges::any_of(base::names_in(directory), [](const std::string& name) { return !name.starts_with('.'); });
}

void refuse_with_dependents(const Container& container, bool snapshots) {
    const std::string clones = dependents_file(container.directory());
    if (base::exists(clones) && !base::trim(sdk::read_given_file(clones)).empty()) {
        throw Error(EBUSY, container.name(), "other containers are clones that share this one's storage",
                    cat("destroy those that ", clones, " names first"));
    }
    if (!snapshots && has_entries(container.directory() + "/snaps")) {
        throw Error(EBUSY, container.name(), "the container has snapshots", "destroy them too with -s");
    }
}

/// A rootfs that is gone already is no reason to keep the rest.
bool has_rootfs(const config::Config& config) {
    const std::string value = config.get("lxc.rootfs.path");
    return !value.empty() && (!value.starts_with('/') || base::exists(value));
}

/// By another name of the directory of containers: a container's monitor is known by it.
void refuse_running_elsewhere(const Container& container) {
    std::error_code ignored;
    for (const std::string& lxcpath : monitor::lxcpaths_of(container.name())) {
        if (lxcpath != container.lxcpath() && std::filesystem::equivalent(lxcpath, container.lxcpath(), ignored)) {
            throw Error(EBUSY, container.name(), cat("the container is running, from ", lxcpath, ":"),
                        cat("stop it there first, with -P ", lxcpath));
        }
    }
}

/// As long as it is held nobody can start the container; who asks for its state finds it stopped.
UniqueFd keep_from_starting(const Container& container) try {
    return monitor::CommandServer::take_address(container.lxcpath(), container.name());
} catch (const Error& error) {
    if (error.code() != EADDRINUSE) throw;
    throw Error(EBUSY, container.name(), "the container is running", "stop it first, or use -f");
}

/// Tries once more what fails for a moment only.
void remove_surely(const std::string& path) {
    try {
        filesystem::remove_tree(path);
    } catch (const Error&) {
        filesystem::remove_tree(path);
    }
}

/// The configuration goes last: what is left when this fails is a container still, which can be destroyed again. A directory
/// that lost its configuration and stayed would be none, nor is a link, of a container that was moved elsewhere, to nothing.
void remove_directory_of(const Container& container) {
    const std::string directory = base::real_path(container.directory());
    for (const std::string& name : base::names_in(directory))
        if (name != "config") filesystem::remove_tree(cat(directory, "/", name));
    remove_surely(directory);
    remove_surely(container.directory());
}

}  // namespace

void Container::destroy(bool force, bool snapshots) {
    if (!defined() && !base::exists(directory()))
        throw Error(ENOENT, name_, "no such container", cat("containers are looked for in ", lxcpath_));
    if (state() != monitor::State::stopped) {
        if (!force) throw Error(EBUSY, name_, "the container is running", "stop it first, or use -f");
        kill();
    }
    const UniqueFd stopped = keep_from_starting(*this);
    refuse_running_elsewhere(*this);
    refuse_being_created(*this);
    if (::access(directory().c_str(), W_OK) != 0 && errno == EROFS) throw Error::last("destroy what is in", directory());
    const ContentLock destroying(*this, ContentLock::Use::destroy);
    refuse_with_dependents(*this, snapshots);
    settle();
    const Facts facts(name_, lxcpath_, process::IdMap::from(config()));
    // Plugins are loaded before an ordinary user enters the user namespace, in which root's files cannot be told from
    // anybody's.
    const std::optional<Storage> storage =
        has_rootfs(config()) ? std::optional<Storage>(std::in_place, facts, config()) : std::nullopt;
    const StageHooks plugin_hooks(facts, config());
    if (process::is_ordinary_user()) process::enter_user_privilege(facts.idmap().or_granted());
    Hooks(facts, config()).run("destroy");
    plugin_hooks.run(abi::HookStage::destroy);
    if (config().is_set("lxc.rootfs.managed") && !config().flag("lxc.rootfs.managed")) return;
    if (storage && storage->available()) storage->destroy();
    forget_dependencies(facts);
    remove_directory_of(*this);
    config_.reset();
}

}  // namespace keelson::container
