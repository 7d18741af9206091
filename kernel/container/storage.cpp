#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/storage.hpp>
#include <kernel/filesystem/mount.hpp>

#include <sys/mount.h>

namespace keelson::container {
namespace {

std::string prefix_of(const std::string& value) {
    const size_t colon = value.find(':');
    if (colon == std::string::npos || value.starts_with('/')) return {};
    return value.substr(0, colon);
}

const plugins::LoadedPlugin& find_storage(const std::string& path) {
    for (const std::string& name : plugins::PluginHost::instance().applying("storage", path)) {
        const plugins::LoadedPlugin& plugin = plugins::PluginHost::instance().load("storage", name);
        if (plugin.as<abi::Storage>().recognises(sdk::to_abi(path))) return plugin;
    }
    if (!base::exists(path)) {
        throw Error(ENOENT, path, "the rootfs does not exist", "check lxc.rootfs.path, or make it with keelson create");
    }
    throw Error(EINVAL, path, "no storage plugin recognises this rootfs",
                "name one in lxc.rootfs.path, NAME:PATH; keelson plugin list storage shows the names");
}

}  // namespace

std::string rootfs_path(const config::Config& config) {
    const std::string value = config.get("lxc.rootfs.path"), prefix = prefix_of(value);
    return prefix.empty() ? value : value.substr(prefix.size() + 1);
}

Storage::Storage(const Facts& facts, const config::Config& config)
    : facts_(facts), config_(config), path_(rootfs_path(config)) {
    if (path_.empty()) return;
    const std::string prefix = prefix_of(config.get("lxc.rootfs.path"));
    plugin_ = prefix.empty() ? &find_storage(path_) : &plugins::PluginHost::instance().load("storage", prefix);
    const filesystem::MountOptions options = filesystem::parse_options(config.get("lxc.rootfs.options"));
    options_ = options.data;
    read_only_ = (options.set & MOUNT_ATTR_RDONLY) != 0;
}

/// Calls one method of the backend; `arguments` stand between the rootfs and the error sink.
template <typename Method, typename... Arguments>
void Storage::ask(Method method, Arguments... arguments) const {
    const CallContext context(facts_, config_, *plugin_, journal_);
    const abi::Rootfs rootfs{sizeof rootfs, read_only_ ? 1U : 0U, sdk::to_abi(path_), sdk::to_abi(options_)};
    plugins::call(*plugin_, [&](abi::ErrorSink* e) {
        return (plugin_->as<abi::Storage>().*method)(context.raw(), &rootfs, arguments..., e);
    });
}

void Storage::check() const { ask(&abi::Storage::check); }

void Storage::prepare() const { ask(&abi::Storage::prepare); }

UniqueFd Storage::mount() const {
    int32_t mount = -1;
    ask(&abi::Storage::mount, &mount);
    return UniqueFd(mount);
}

void Storage::destroy() const { ask(&abi::Storage::destroy); }

}  // namespace keelson::container
