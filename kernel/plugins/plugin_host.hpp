// Discovery, trust, loading and the registry of plugins.
//
// A plugin stands at DIRECTORY/KIND/NAME.so. Directories, in order: those of keelson.plugin.path in lxc.conf, the
// installation's lib/keelson/plugins, and for containers of an ordinary user ~/.local/share/keelson/plugins. Files and
// directories must belong to root (or to that user) and be writable by nobody else. A file is read once, or never when the
// index knows it, and loaded through a read-only clone of its mount: what was checked is what is loaded, and no writable handle
// on it reaches a container (CVE-2019-5736). All of it runs on the host side and in the user namespace that the process was
// started in: owners are compared by uid.
#pragma once

#include <keelson/abi/cgroup_driver.hpp>
#include <keelson/abi/descriptor.hpp>
#include <keelson/abi/network.hpp>
#include <keelson/abi/security_module.hpp>
#include <keelson/abi/stage_hook.hpp>
#include <keelson/abi/storage.hpp>
#include <keelson/abi/template.hpp>
#include <keelson/sdk/context.hpp>
#include <kernel/config/config.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::plugins {

inline constexpr std::array<std::string_view, 6> kinds{"net", "storage", "lsm", "cgroup", "template", "hook"};
bool is_kind(std::string_view kind) noexcept;
/// Letters, digits, '-' and '_', as the descriptor has room for.
bool is_plugin_name(std::string_view name) noexcept;

/// What a file says about itself, read without loading it.
struct PluginFile {
    std::string path;
    std::string kind, name, version, licence, summary, applies_to, aliases;
    uint32_t order = 0;
    uint16_t abi_major = 0, abi_minor = 0;
    std::vector<abi::Key> keys;
};

/// Reads and checks one file: ELF, descriptor, ABI; not whom it belongs to. `fd` is borrowed. Throws an Error that says which
/// file, what is wrong, what to do.
PluginFile inspect(int fd, const std::string& path);

/// A loaded plugin. Never unloaded. `Interface` is that of its kind.
class LoadedPlugin {
public:
    LoadedPlugin(PluginFile file, void* interface) : file_(std::move(file)), interface_(interface) {}
    const PluginFile& file() const noexcept { return file_; }
    /// "storage dir", for errors and the plan.
    std::string title() const { return file_.kind + " " + file_.name; }
    template <typename Interface>
    Interface& as() const noexcept {
        return *static_cast<Interface*>(interface_);
    }
    abi::Plugin& plugin() const noexcept;

private:
    PluginFile file_;
    void* interface_;
};

class PluginHost final : public config::KeySource {
public:
    /// The directories of this process's user.
    static PluginHost& instance();
    /// Directories that do not exist are fine. `index`: where what stands in the files is kept between commands; empty:
    /// nowhere.
    explicit PluginHost(std::vector<std::string> directories, std::string index = {});

    /// Every plugin of a kind (all kinds if empty), sorted by kind, order and name. Files that cannot be read are returned in
    /// `broken`, as errors.
    std::vector<PluginFile> list(std::string_view kind = {}, std::vector<Error>* broken = nullptr);

    /// Loads once; later calls give the same object. `name` may be an alias. Throws: unknown name (with the names there are and
    /// a near miss), and everything of `inspect`.
    const LoadedPlugin& load(std::string_view kind, std::string_view name);

    /// Plugins of the kind whose `applies_to` fits, by order: names only. For storage and templates `path` is what has to fit.
    /// A file that cannot be read applies to nothing and is reported in `broken`, or in the log.
    std::vector<std::string> applying(std::string_view kind, const std::string& path = {},
                                      std::vector<Error>* broken = nullptr);
    /// There is a file of that name, or one that has it as an alias; it may still be broken.
    bool knows(std::string_view kind, std::string_view name);

    /// The file of that name, inspected once. Throws as `load` does.
    const PluginFile& file(std::string_view kind, std::string_view name);

    /// Throws what is wrong with the file, if there is one.
    const std::vector<abi::Key>* keys_of(std::string_view kind, std::string_view name) override;
    std::vector<std::string> names(std::string_view kind) override;

private:
    struct Registry;
    std::shared_ptr<Registry> registry_;
};

/// Calls a plugin and turns a failed status into an Error whose place is the plugin's title.
template <typename Call>
void call(const LoadedPlugin& plugin, Call&& body) {
    sdk::ErrorCollector errors;
    try {
        errors.check(body(static_cast<abi::ErrorSink*>(&errors)));
    } catch (Error& error) {
        throw error.at(plugin.title());
    }
}

}  // namespace keelson::plugins
