// LXC's hooks and network scripts: which programs, with which arguments and environment (lxc.container.conf(5), HOOKS).
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/network/inside.hpp>
#include <kernel/network/scripts.hpp>
#include <kernel/process/program.hpp>

#include <string>
#include <string_view>

namespace keelson::container {

class Hooks {
public:
    Hooks(const Facts& facts, const config::Config& config);

    /// A variable for all later hooks: LXC_PID, LXC_TARGET, LXC_NET_NS, ... Replaces an earlier value.
    void set(const std::string& name, const std::string& value);
    /// `lxc.environment` and `lxc.environment.hooks` count for hooks inside.
    void add_inside_environment();

    bool any(std::string_view stage) const;
    /// Runs lxc.hook.STAGE in order. `arguments` are appended unquoted for version 0. Throws at the first failure: object is
    /// the command, message its status and the last line it printed.
    void run(std::string_view stage, const std::string& arguments = {}) const;
    /// lxc.net.N.script.up or .down. Throws.
    void run_script(const network::HandedLink& link, network::ScriptAction action) const;

private:
    void run_one(std::string_view what, const std::string& command, const std::string& arguments,
                 const process::Environment& extra) const;

    const Facts& facts_;
    const config::Config& config_;
    process::Environment environment_;
};

}  // namespace keelson::container
