// The rootfs of one container, through the backend that serves it.
#pragma once

#include <kernel/container/facts.hpp>

#include <string>

namespace keelson::container {

class Storage {
public:
    /// lxc.rootfs.path: "NAME:PATH" when it has a prefix, else the first backend whose kind of file PATH is and that recognises
    /// it. Loads the backend. Throws for a rootfs that nobody serves.
    Storage(const Facts& facts, const config::Config& config);

    /// False: no rootfs is configured; the host's root is used.
    bool available() const noexcept { return plugin_ != nullptr; }
    const plugins::LoadedPlugin& plugin() const noexcept { return *plugin_; }
    const std::string& path() const noexcept { return path_; }
    /// What is left of lxc.rootfs.options for the backend.
    const std::string& options() const noexcept { return options_; }
    /// Its path is the tree itself, with nothing to mount.
    bool is_directory() const noexcept { return available() && plugin_->file().applies_to == "directory"; }

    /// Whatever lxc.rootfs.options says: for those who fill it.
    void make_writable() noexcept { read_only_ = 0; }
    void attach_journal(lifecycle::Journal* journal) { journal_ = journal; }
    void check() const;
    void prepare() const;
    UniqueFd mount() const;
    /// Beside the container, which may be running.
    UniqueFd mount_in_use() const;
    void destroy() const;

private:
    template <typename Method, typename... Arguments>
    void ask(Method method, Arguments... arguments) const;

    const Facts& facts_;
    const config::Config& config_;
    const plugins::LoadedPlugin* plugin_ = nullptr;
    std::string path_, options_;
    uint32_t read_only_ = 0;
    lifecycle::Journal* journal_ = nullptr;
};

}  // namespace keelson::container
