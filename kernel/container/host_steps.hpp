// [host] Steps of a start, in their order.
#pragma once

#include <kernel/container/run.hpp>

namespace keelson::container::host {

/// Nothing of the caller's stays with a process in the background: session, directory, standard descriptors, and every other
/// one that is not ours (ours close on exec): `descriptors`.
void leave_caller(const std::vector<int>& descriptors);

void check_plugins(Run& run);
void choose_namespaces(Run& run);
void check_limits(Run& run);

/// An ordinary user's process gets its privileges over mounts and ids. Plugins are loaded by now: in there root's files cannot
/// be told from anybody's.
void enter_user_namespace(Run& run);
/// lxc.monitor.unshare: what hooks mount from here on, the host does not see.
void leave_mount_namespace(Run& run);
void run_pre_start_hooks(Run& run);
void prepare_console(Run& run);
void make_cgroups(Run& run);
/// In the background a monitor is born in its cgroup (a move would wait for an RCU grace period) and goes on from here; who
/// asked for the start becomes the caller. In the foreground we are the monitor.
void become_monitor(Run& run);
void mount_rootfs(Run& run);

void make_child(Run& run);
void map_ids(Run& run);
/// While the child makes its network namespace, which takes about as long.
void complete_cgroups(Run& run);
void set_limits(Run& run);
void let_into_cgroups(Run& run);
void pin_rootfs(Run& run);
void take_namespaces(Run& run);
void connect_network(Run& run, size_t which);
void set_process_values(Run& run);
void map_mounts(Run& run);

/// Those that the child has made itself, too.
void open_namespaces(Run& run);
void set_device_rules(Run& run);
void run_start_host_hooks(Run& run);

}  // namespace keelson::container::host
