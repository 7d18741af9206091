#include <keelson/sdk/security_module.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/confinement.hpp>
#include <kernel/process/credentials.hpp>

#include <algorithm>
#include <set>

namespace keelson::container {
namespace {

/// Modules with a smaller order confine before no_new_privs is set, which would forbid some of them; those with a larger one,
/// such as system call filters, after it.
constexpr uint32_t order_of_no_new_privs = 60;

/// What the keys of modules begin with in the state of a running container.
constexpr std::string_view key_stem = "lsm ";

std::string key_of(const ModuleChoice& module) { return cat(key_stem, module.name()); }

/// lxc.NAME.* and keelson.lsm.NAME.* belong to the module NAME.
std::string_view owner_of(std::string_view key) {
    const std::vector<std::string_view> parts = base::split(key, '.');
    if (parts.size() >= 3 && parts[0] == "lxc") return parts[1];
    if (parts.size() >= 4 && parts[0] == "keelson" && parts[1] == "lsm") return parts[2];
    return {};
}

bool has(const std::vector<std::string>& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

bool is_of_host(std::string_view module, std::string_view key) {
    const std::vector<abi::Key>* keys = plugins::PluginHost::instance().keys_of("lsm", module);
    return keys != nullptr && std::ranges::any_of(*keys, [&](const abi::Key& known) {
               return key == known.name && (known.flags & abi::key_of_host) != 0;
           });
}

std::set<std::string, std::less<>> wanted_names(const config::Config& config) {
    plugins::PluginHost& host = plugins::PluginHost::instance();
    std::set<std::string, std::less<>> names;
    const std::vector<std::string> applying = host.applying("lsm");
    if (config.is_set("keelson.lsm")) {
        for (const std::string& value : config.list("keelson.lsm")) {
            for (const std::string_view name : base::words(value)) {
                if (name != "none") names.emplace(name);
            }
        }
    } else {
        names.insert(applying.begin(), applying.end());
    }
    const std::vector<std::string> installed = host.names("lsm");
    for (const config::Entry& entry : config.entries()) {
        const std::string_view owner = owner_of(entry.key);
        if (!has(installed, owner)) continue;
        if (has(applying, owner) || !is_of_host(owner, entry.key)) names.emplace(owner);
    }
    return names;
}

/// Null for a module that does not have the interface.
template <typename Interface, typename Named>
Interface* optional(const ModuleChoice& module) {
    return static_cast<Interface*>(module.plugin->plugin().interface(sdk::to_abi(Named::id)));
}

bool labels(const ModuleChoice& module) { return optional<abi::SecurityLabel, sdk::SecurityLabel>(module) != nullptr; }

}  // namespace

Confinement::Confinement(const Facts& facts, const config::Config& config) : facts_(facts), config_(config) {
    for (const std::string& name : wanted_names(config)) add(name, {});
    sort();
}

Confinement::Confinement(const Facts& facts, const config::Config& config, const RuntimeState& state)
    : facts_(facts), config_(config) {
    for (const auto& [key, prepared] : state)
        if (key.starts_with(key_stem)) add(key.substr(key_stem.size()), prepared);
    sort();
}

void Confinement::add(const std::string& name, const std::string& state) {
    modules_.push_back({&plugins::PluginHost::instance().load("lsm", name), state});
}

void Confinement::sort() {
    std::ranges::stable_sort(modules_, {}, [](const ModuleChoice& m) { return m.plugin->file().order; });
}

void Confinement::check() {
    for (const ModuleChoice& module : modules_) collect_mounts(module);
    std::erase_if(modules_, [&](const ModuleChoice& module) { return !is_wanted(module); });
}

/// Calls one method of a module or of an optional interface that it has.
template <typename Interface, typename Call>
void Confinement::ask(const ModuleChoice& module, Interface& interface, Call call) const {
    const CallContext context(facts_, config_, *module.plugin, nullptr);
    plugins::call(*module.plugin, [&](abi::ErrorSink* error) { return call(interface, context.raw(), error); });
}

bool Confinement::is_wanted(const ModuleChoice& module) const {
    bool wanted = false;
    ask(module, module.plugin->as<abi::SecurityModule>(),
        [&](abi::SecurityModule& own, const auto* context, auto* error) { return own.check(context, &wanted, error); });
    return wanted;
}

void Confinement::collect_mounts(const ModuleChoice& module) {
    auto* const known = optional<abi::SecurityMounts, sdk::SecurityMounts>(module);
    if (known == nullptr) return;
    sdk::StringCollector entries;
    ask(module, *known,
        [&](abi::SecurityMounts& own, const auto* context, auto* error) { return own.mounts(context, &entries, error); });
    mount_entries_.insert(mount_entries_.end(), entries.all().begin(), entries.all().end());
}

void Confinement::prepare(const std::string& name, lifecycle::Journal& journal) {
    const auto module = std::ranges::find(modules_, name, &ModuleChoice::name);
    if (module == modules_.end()) return;  // dropped by `check`
    const CallContext context(facts_, config_, *module->plugin, &journal);
    sdk::StringCollector state;
    plugins::call(*module->plugin, [&](abi::ErrorSink* e) {
        return module->plugin->as<abi::SecurityModule>().prepare(context.raw(), &state, e);
    });
    module->state = state.first();
}

void Confinement::with_labelled_keys(int proc_borrowed, const std::function<void()>& make) const {
    label_keys(true, proc_borrowed);
    make();
    label_keys(false, proc_borrowed);
}

void Confinement::label_keys(bool label, int proc_borrowed) const {
    for (const ModuleChoice& module : modules_) {
        auto* const known = optional<abi::SecurityKeyring, sdk::SecurityKeyring>(module);
        if (known == nullptr) continue;
        ask(module, *known, [&](abi::SecurityKeyring& own, const auto* context, auto* error) {
            return own.label_keys(context, label, proc_borrowed, error);
        });
    }
}

bool Confinement::writes_labels() const { return std::ranges::any_of(modules_, labels); }

void Confinement::apply(int proc_borrowed, const Listen& listen) const {
    bool forbidden = !config_.flag("lxc.no_new_privs");
    for (const ModuleChoice& module : modules_) {
        if (!forbidden && module.plugin->file().order > order_of_no_new_privs) {
            process::forbid_new_privileges();
            forbidden = true;
        }
        const UniqueFd listener = confine(module, labels(module) ? proc_borrowed : -1, static_cast<bool>(listen));
        if (listener) listen(module, listener);
    }
    if (!forbidden) process::forbid_new_privileges();
}

UniqueFd Confinement::confine(const ModuleChoice& module, int proc_borrowed, bool listening) const {
    int32_t listener = -1;
    const abi::StringView state = sdk::to_abi(module.state);
    if (auto* const known = optional<abi::SecurityListener, sdk::SecurityListener>(module); known != nullptr && listening) {
        ask(module, *known, [&](abi::SecurityListener& own, const auto* context, auto* error) {
            return own.confine_listening(context, state, proc_borrowed, &listener, error);
        });
    } else {
        ask(module, module.plugin->as<abi::SecurityModule>(), [&](abi::SecurityModule& own, const auto* context, auto* error) {
            return own.confine(context, state, proc_borrowed, error);
        });
    }
    return UniqueFd(listener);
}

void Confinement::serve(const ModuleChoice& module, int listener_borrowed, pid_t init) const {
    ask(module, *optional<abi::SecurityListener, sdk::SecurityListener>(module),
        [&](abi::SecurityListener& own, const auto* context, auto* error) {
            return own.serve(context, listener_borrowed, init, error);
        });
}

void Confinement::save(RuntimeState& state) const {
    for (const ModuleChoice& module : modules_) state[key_of(module)] = module.state;
}

void Confinement::relabel(const std::string& label) {
    bool taken = false;
    for (ModuleChoice& module : modules_) {
        auto* const known = optional<abi::SecurityLabel, sdk::SecurityLabel>(module);
        if (known == nullptr) continue;
        sdk::StringCollector state;
        plugins::call(*module.plugin,
                      [&](abi::ErrorSink* error) { return known->state_of(sdk::to_abi(label), &state, error); });
        module.state = state.first();
        taken = true;
    }
    if (!taken)
        throw Error(ENOTSUP, label, "no security module of the container takes the label",
                    "a container that was started unconfined has none");
}

}  // namespace keelson::container
