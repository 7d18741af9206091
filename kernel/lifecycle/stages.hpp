// The life of a container as data: one row a stage, in order. lifecycle.cpp is the loop over it.
#pragma once

#include <array>
#include <string_view>

namespace keelson::lifecycle {

enum class Stage { resolve, pre_start, clone, pre_mount, mount, autodev, start, start_host, exec, stop, post_stop };

/// Host: the runtime's own process, from the step "monitor" on the container's monitor. Caller: who asked for a start in the
/// background, once the monitor is born; no stage is its. Inside: the container's first process, in its namespaces, before it
/// becomes init.
enum class Side { host, inside, caller };

struct StageRow {
    Stage stage;
    std::string_view name;
    Side side;
    std::string_view happens;
};

/// LXC runs its start hooks before its start-host hooks, and scripts rely on what the one leaves for the other; so the two
/// stand in that order here.
inline constexpr std::array stages{
    StageRow{Stage::resolve, "resolve", Side::host, "configuration read, plugins chosen and checked; nothing touched yet"},
    StageRow{Stage::pre_start, "pre-start", Side::host, "hooks; console, confinement, cgroups, storage, networks made ready"},
    StageRow{Stage::clone, "clone", Side::host, "namespaces made, ids mapped, limits set, cgroups entered, links moved in"},
    StageRow{Stage::pre_mount, "pre-mount", Side::inside, "ids taken; hooks"},
    StageRow{Stage::mount, "mount", Side::inside, "rootfs, host name, network, auto mounts, entries; hooks"},
    StageRow{Stage::autodev, "autodev", Side::inside, "hooks; /dev, devpts, console and ttys"},
    StageRow{Stage::start, "start", Side::inside, "pivot, kernel settings, capabilities, confinement; hooks"},
    StageRow{Stage::start_host, "start-host", Side::host, "hooks, with every namespace reachable; device rules"},
    StageRow{Stage::exec, "exec", Side::inside, "environment, user, init"},
    StageRow{Stage::stop, "stop", Side::host, "hooks, then the journal unwound"},
    StageRow{Stage::post_stop, "post-stop", Side::host, "hooks"},
};

inline constexpr std::string_view name_of(Stage stage) { return stages[static_cast<size_t>(stage)].name; }
inline constexpr Side side_of(Stage stage) { return stages[static_cast<size_t>(stage)].side; }
/// The stages of a start are those before `stop`.
inline constexpr bool belongs_to_start(Stage stage) { return stage < Stage::stop; }

}  // namespace keelson::lifecycle
