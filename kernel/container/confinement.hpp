// The security modules of one container.
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/container/runtime_state.hpp>

#include <functional>
#include <string>
#include <vector>

namespace keelson::container {

struct ModuleChoice {
    const plugins::LoadedPlugin* plugin;
    std::string state;  ///< what `prepare` left for `confine`
    const std::string& name() const { return plugin->file().name; }
};

class Confinement {
public:
    /// Named by keelson.lsm, or applying to the host by themselves; and the owners of the keys that are set, unless
    /// these say nothing on this host (abi::key_of_host). Loads them. Throws.
    Confinement(const Facts& facts, const config::Config& config);
    /// For who joins a running container: the modules that `save` told of, as they were prepared. Throws, also when one of them
    /// is installed no more.
    Confinement(const Facts& facts, const config::Config& config, const RuntimeState& state);

    const std::vector<ModuleChoice>& modules() const noexcept { return modules_; }  ///< by order

    /// Stage resolve: modules that have nothing to do for this container are dropped.
    void check();
    /// After `check`: lines as lxc.mount.entry has them, of the modules that have something mounted.
    const std::vector<std::string>& mount_entries() const noexcept { return mount_entries_; }
    void prepare(const std::string& module, lifecycle::Journal& journal);
    /// [inside] Runs `make`, which makes the container's session keyring, while modules that label it have the calling
    /// process's new keys labelled.
    void with_labelled_keys(int proc_borrowed, const std::function<void()>& make) const;
    /// Whether a module writes a label, for which `apply` takes a procfs.
    bool writes_labels() const;
    /// [inside] The whole confinement of the calling process, no_new_privs at its place among the modules. `proc_borrowed`: see
    /// abi::SecurityModule::confine.
    /// `listen` is given what tells of system calls that `serve` is to answer; without it nobody answers them.
    using Listen = std::function<void(const ModuleChoice& module, const UniqueFd& listener)>;
    void apply(int proc_borrowed, const Listen& listen = {}) const;
    /// [host, a process of its own] Answers until nobody is left to ask.
    void serve(const ModuleChoice& module, int listener_borrowed, pid_t init) const;

    /// "lsm NAME" for each module, for processes that join later.
    void save(RuntimeState& state) const;
    /// Modules that confine by a label take this one. Throws when there is none.
    void relabel(const std::string& label);

private:
    void add(const std::string& name, const std::string& state);
    void sort();
    bool is_wanted(const ModuleChoice& module) const;
    void collect_mounts(const ModuleChoice& module);
    void label_keys(bool label, int proc_borrowed) const;
    UniqueFd confine(const ModuleChoice& module, int proc_borrowed, bool listening) const;
    template <typename Interface, typename Call>
    void ask(const ModuleChoice& module, Interface& interface, Call call) const;

    const Facts& facts_;
    const config::Config& config_;
    std::vector<ModuleChoice> modules_;
    std::vector<std::string> mount_entries_;
};

}  // namespace keelson::container
