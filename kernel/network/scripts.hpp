// [host] lxc.net.N.script.up and .down: arguments and environment of both hook versions (lxc.hook.version). The caller runs
// the program: up when the host part of the device stands, down before it goes.
#pragma once

#include <kernel/network/inside.hpp>

#include <string>
#include <vector>

namespace keelson::network {

enum class ScriptAction { up, down };

struct ScriptCall {
    std::string command;                 ///< as configured; empty: nothing to run
    std::vector<std::string> arguments;  ///< after the command
    /// NAME=VALUE, and NAME alone for what must not be in the environment (left by the device before).
    std::vector<std::string> environment;
};

ScriptCall script_call(const config::Config& config, const std::string& container, const HandedLink& link, ScriptAction action);

}  // namespace keelson::network
