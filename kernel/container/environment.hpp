// Environment variables that the configuration gives to a container.
#pragma once

#include <kernel/config/config.hpp>
#include <kernel/process/program.hpp>

#include <initializer_list>
#include <string_view>

namespace keelson::container {

/// Values of lxc.environment and its kin in order; a bare NAME was resolved when the configuration was read.
process::Environment variables_of(const config::Config& config, std::initializer_list<std::string_view> keys);

/// Clears our environment and puts what init gets: the configured variables, container=lxc, container_ttys.
void set_init_environment(const config::Config& config, const std::string& ttys);

}  // namespace keelson::container
