// Every step of a start, in the order of the stages. What a step does stands in host_steps.cpp and inside_steps.cpp.
#include <kernel/container/host_steps.hpp>
#include <kernel/container/inside_steps.hpp>
#include <kernel/container/run.hpp>

namespace keelson::container {

void fill_start_table(Run& run) {
    using enum lifecycle::Stage;
    const auto add = [&](lifecycle::Stage stage, std::string actor, void (*step)(Run&)) {
        run.lifecycle.add(stage, std::move(actor), [&run, step] { step(run); });
    };
    const auto add_beside = [&](lifecycle::Stage stage, std::string actor, void (*step)(Run&)) {
        run.lifecycle.add_beside(stage, std::move(actor), [&run, step] { step(run); });
    };
    const auto hooked = [&](abi::HookStage stage, std::string_view name) {
        return run.hooks.any(name) || run.actors.stage_hooks.any(stage);
    };
    const auto add_hooks = [&](lifecycle::Stage stage, abi::HookStage hooks, void (*step)(Run&)) {
        if (hooked(hooks, lifecycle::name_of(stage))) add(stage, "hooks", step);
    };
    const Actors& actors = run.actors;
    const auto title = [](const plugins::LoadedPlugin* plugin) { return plugin->title(); };

    add(resolve, "plugins", host::check_plugins);
    add(resolve, "namespaces", host::choose_namespaces);
    add(resolve, "limits", host::check_limits);

    if (run.facts.raw().ordinary_user != 0) add(pre_start, "kernel (user namespace)", host::enter_user_namespace);
    add(pre_start, "kernel (mount namespace)", host::leave_mount_namespace);
    add_hooks(pre_start, abi::HookStage::pre_start, host::run_pre_start_hooks);
    add(pre_start, "console", host::prepare_console);
    for (const ModuleChoice& module : actors.confinement.modules()) {
        run.lifecycle.add(pre_start, title(module.plugin),
                          [&run, name = module.name()] { run.actors.confinement.prepare(name, *run.journal); });
    }
    if (actors.cgroup.available()) add(pre_start, title(actors.cgroup.driver()), host::make_cgroups);
    add(pre_start, "monitor", host::become_monitor);
    add(pre_start, actors.storage.available() ? title(&actors.storage.plugin()) : "kernel (the host's root)",
        host::mount_rootfs);
    for (const NetworkChoice& network : actors.networks) {
        run.lifecycle.add(pre_start, title(network.plugin), [&run, i = &network - actors.networks.data()] {
            run.actors.prepare_network(run.actors.networks[static_cast<size_t>(i)]);
        });
    }

    add(clone, "kernel", host::make_child);
    add_beside(clone, "kernel (network namespace)", inside::begin);
    add_beside(clone, "kernel (cgroups)", inside::enter_cgroups);
    add(clone, "kernel (id map)", host::map_ids);
    if (actors.cgroup.available()) {
        add(clone, title(actors.cgroup.driver()), host::complete_cgroups);
        if (actors.cgroup.limits(abi::CgroupPhase::before_setup)) add(clone, title(actors.cgroup.driver()), host::set_limits);
        add(clone, title(actors.cgroup.driver()), host::let_into_cgroups);
    }
    if (run.facts.idmap().empty() && actors.storage.is_directory())
        add(clone, "kernel (keep the rootfs writable)", host::pin_rootfs);
    add(clone, "kernel (namespaces)", host::take_namespaces);
    for (const NetworkChoice& network : actors.networks) {
        run.lifecycle.add(clone, title(network.plugin), [&run, i = &network - actors.networks.data()] {
            host::connect_network(run, static_cast<size_t>(i));
        });
    }
    add(clone, "kernel (limits)", host::set_process_values);
    add(clone, "kernel (idmapped mounts)", host::map_mounts);

    add(pre_mount, "kernel", inside::enter);
    add_hooks(pre_mount, abi::HookStage::pre_mount, inside::run_pre_mount_hooks);

    add(mount, "kernel (rootfs)", inside::mount_rootfs);
    add(mount, "kernel (host name)", inside::set_identity);
    add(mount, "kernel (network)", inside::configure_network);
    add(mount, "kernel (mounts)", inside::mount_all);
    add_hooks(mount, abi::HookStage::mount, inside::run_mount_hooks);
    add(mount, "kernel (nothing over the rootfs)", inside::check_rootfs);

    add_hooks(autodev, abi::HookStage::autodev, inside::run_autodev_hooks);
    add(autodev, "kernel", inside::make_devices);

    add(start, "kernel (pivot)", inside::pivot);
    add(start, "kernel (settings)", inside::apply_settings);
    add(start, "confinement", inside::confine);
    add_hooks(start, abi::HookStage::start, inside::run_start_hooks);
    add(start, "kernel", inside::become_session);

    // Those after the end are told of them as well.
    if (hooked(abi::HookStage::start_host, "start-host") || run.hooks.any("stop") || run.hooks.any("post-stop"))
        add(start_host, "kernel (namespaces)", host::open_namespaces);
    if (actors.cgroup.limits(abi::CgroupPhase::after_setup))
        add(start_host, title(actors.cgroup.driver()), host::set_device_rules);
    add_hooks(start_host, abi::HookStage::start_host, host::run_start_host_hooks);

    add(exec, "kernel", inside::execute);
}

}  // namespace keelson::container
