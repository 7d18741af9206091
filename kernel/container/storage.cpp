#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/storage.hpp>
#include <kernel/filesystem/mount.hpp>
#include <kernel/filesystem/rootfs_source.hpp>

#include <sys/mount.h>

namespace keelson::container {
namespace {

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

Storage::Storage(const Facts& facts, const config::Config& config) : facts_(facts), config_(config) {
    const filesystem::RootfsSource source = filesystem::rootfs_source(config);
    if (source.path.empty()) return;
    path_ = source.path;
    plugin_ = source.type.empty() ? &find_storage(path_) : &plugins::PluginHost::instance().load("storage", source.type);
    const filesystem::MountOptions options = filesystem::parse_options(config.get("lxc.rootfs.options"));
    options_ = options.data;
    read_only_ = options.read_only() ? abi::rootfs_as_configured : 0;
}

/// Calls one method of the backend; `arguments` stand between the rootfs and the error sink.
template <typename Method, typename... Arguments>
void Storage::ask(Method method, Arguments... arguments) const {
    const CallContext context(facts_, config_, *plugin_, journal_);
    const abi::Rootfs rootfs{sizeof rootfs, read_only_, sdk::to_abi(path_), sdk::to_abi(options_)};
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

UniqueFd Storage::mount_in_use() const {
    Storage in_use(*this);
    in_use.read_only_ |= abi::rootfs_in_use;
    return in_use.mount();
}

void Storage::destroy() const { ask(&abi::Storage::destroy); }

}  // namespace keelson::container
