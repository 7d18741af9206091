// [inside] Steps of a start, in their order: the child, in its namespaces, until it becomes init.
#pragma once

#include <kernel/container/run.hpp>

namespace keelson::container::inside {

/// While the host completes the cgroups.
void begin(Run& run);
/// While the host moves links in.
void enter_cgroups(Run& run);

void enter(Run& run);
void run_pre_mount_hooks(Run& run);

void mount_rootfs(Run& run);
void set_identity(Run& run);
void configure_network(Run& run);
void mount_all(Run& run);
void run_mount_hooks(Run& run);
void check_rootfs(Run& run);

void run_autodev_hooks(Run& run);
void make_devices(Run& run);

void pivot(Run& run);
void apply_settings(Run& run);
void confine(Run& run);
void run_start_hooks(Run& run);
void become_session(Run& run);

void execute(Run& run);

}  // namespace keelson::container::inside
