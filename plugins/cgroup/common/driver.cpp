#include "driver.hpp"

#include "limits.hpp"
#include "making.hpp"
#include "mounts.hpp"
#include "plan.hpp"

#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

namespace keelson::cgroup {

namespace {

/// What the record of the monitor's cgroups begins with; that of the payload's is the state alone.
constexpr std::string_view of_monitor = "monitor\n";

/// The hierarchy that stops processes: the freezer of version 1 where it is mounted. Null: nothing can be frozen.
const Hierarchy* freezer_of(const Cgroups& cgroups) {
    const Hierarchy* hierarchy = cgroups.with("freezer");
    return hierarchy != nullptr ? hierarchy : cgroups.unified();
}

const Hierarchy& need_freezer(const Cgroups& cgroups) {
    if (const Hierarchy* hierarchy = freezer_of(cgroups)) return *hierarchy;
    throw Error(ENOTSUP, "freezer", "the container has no cgroup that can freeze it",
                cgroups.hierarchies.empty() ? "it was started without cgroups" : "mount the freezer hierarchy of version 1");
}

/// After a freeze that failed; what matters is why it did.
void let_go(const Controls& controls, const std::string& directory) noexcept try {
    controls.freeze(directory, false, in_milliseconds(0));
} catch (const Error&) {
}

std::string limit_directory(const Cgroups& cgroups, const Hierarchy& hierarchy) {
    return hierarchy.directory(cgroups.places.limit);
}

}  // namespace

std::string Driver::create(const sdk::Context& context) {
    const Cgroups cgroups = plan(context, controls_);
    const std::string text = cgroups.text();
    if (cgroups.hierarchies.empty()) {
        context.warn("the container gets no cgroups: none is delegated to this user");
        return text;
    }
    if (alone_in_base(cgroups)) {
        make_for_monitor(context, cgroups);
        leave_base(cgroups);
    }
    const uint64_t record = context.intend(text);
    make_payload(context, cgroups, controls_, Version::two);
    context.complete(record);
    return text;
}

void Driver::make_for_monitor(const sdk::Context& context, const Cgroups& cgroups) const {
    const uint64_t record = context.intend(cat(of_monitor, cgroups.text()));
    make_monitor(context, cgroups, controls_);
    context.complete(record);
}

UniqueFd Driver::birthplace(const sdk::Context& context, State state) {
    const Cgroups cgroups = Cgroups::parse(state);
    sdk::CgroupEntry entry;
    if (const Hierarchy* unified = cgroups.unified())
        controls_.of(*unified).enter(context, unified->directory(cgroups.places.inner), Role::inner, entry);
    return std::move(entry.unified);
}

/// Nobody is born in a cgroup of version 1.
void Driver::complete(const sdk::Context& context, State state) {
    make_payload(context, Cgroups::parse(state), controls_, Version::one);
}

sdk::CgroupEntry Driver::entry(const sdk::Context& context, State state, abi::CgroupRole role) {
    const Cgroups cgroups = Cgroups::parse(state);
    const bool monitor = role == abi::CgroupRole::monitor;
    if (monitor) make_for_monitor(context, cgroups);
    sdk::CgroupEntry entry;
    for (const Hierarchy& hierarchy : cgroups.hierarchies)
        controls_.of(hierarchy).enter(context, hierarchy.directory(monitor ? cgroups.places.monitor : cgroups.places.inner),
                                      monitor ? Role::monitor : Role::inner, entry);
    return entry;
}

void Driver::limit(const sdk::Context& context, State state, abi::CgroupPhase phase) {
    write_limits(context, Cgroups::parse(state), phase);
}

void Driver::freeze(const sdk::Context&, State state, bool frozen, uint32_t timeout_ms) {
    const Cgroups cgroups = Cgroups::parse(state);
    const Hierarchy& hierarchy = need_freezer(cgroups);
    const Controls& controls = controls_.of(hierarchy);
    const std::string directory = limit_directory(cgroups, hierarchy);
    try {
        controls.freeze(directory, frozen, in_milliseconds(timeout_ms));
    } catch (const Error&) {
        if (frozen) let_go(controls, directory);
        throw;
    }
}

bool Driver::is_frozen(const sdk::Context&, State state) {
    const Cgroups cgroups = Cgroups::parse(state);
    const Hierarchy* hierarchy = freezer_of(cgroups);
    return hierarchy != nullptr && controls_.of(*hierarchy).is_frozen(limit_directory(cgroups, *hierarchy));
}

std::string Driver::read(const sdk::Context&, State state, std::string_view file) {
    const Cgroups cgroups = Cgroups::parse(state);
    const Hierarchy& hierarchy = hierarchy_for(cgroups, file);
    return sdk::read_file(cat(limit_directory(cgroups, hierarchy), '/', file));
}

void Driver::write(const sdk::Context& context, State state, std::string_view file, std::string_view value) {
    const Cgroups cgroups = Cgroups::parse(state);
    if ((file == "devices.allow" || file == "devices.deny") && devices_by_program(cgroups))
        return change_devices(context, cgroups, file, value);
    sdk::write_file(cat(limit_directory(cgroups, hierarchy_for(cgroups, file)), '/', file), value);
}

std::string Driver::path(const sdk::Context&, State state, std::string_view controller) {
    const Cgroups cgroups = Cgroups::parse(state);
    const Hierarchy* hierarchy = controller.empty() ? cgroups.unified() : cgroups.with(controller);
    if (hierarchy == nullptr) hierarchy = cgroups.unified();
    if (hierarchy == nullptr && controller.empty() && !cgroups.hierarchies.empty()) hierarchy = &cgroups.hierarchies.front();
    if (hierarchy == nullptr) throw Error(ENOENT, std::string(controller), "the container has no cgroup with the controller");
    return cat(hierarchy->base, '/', cgroups.places.limit);
}

abi::CgroupUsage Driver::usage(const sdk::Context&, State state) {
    const Cgroups cgroups = Cgroups::parse(state);
    abi::CgroupUsage usage{sizeof usage, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    for (const Hierarchy& hierarchy : cgroups.hierarchies)
        controls_.of(hierarchy).usage(hierarchy, limit_directory(cgroups, hierarchy), usage);
    return usage;
}

std::vector<sdk::CgroupMount> Driver::mounts(const sdk::Context&, State state, const abi::CgroupMountRequest& request) {
    const Cgroups cgroups = Cgroups::parse(state);
    const bool pure = cgroups.unified() != nullptr && cgroups.unified()->mount_point == "/sys/fs/cgroup";
    return pure ? unified_mounts(request) : split_mounts(cgroups, request);
}

std::optional<sdk::FrozenFile> Driver::frozen_file(const sdk::Context&, State state) {
    const Cgroups cgroups = Cgroups::parse(state);
    const Hierarchy* hierarchy = freezer_of(cgroups);
    if (hierarchy == nullptr) return sdk::FrozenFile{};
    return controls_.of(*hierarchy).frozen_file(limit_directory(cgroups, *hierarchy));
}

void Driver::release(const sdk::Context&, State state) {
    const Cgroups cgroups = Cgroups::parse(state);
    const Hierarchy* hierarchy = freezer_of(cgroups);
    if (hierarchy != nullptr) controls_.of(*hierarchy).release(limit_directory(cgroups, *hierarchy));
}

void Driver::undo(const sdk::Context& context, std::string_view record, const sdk::Namespaces&) {
    const bool monitor = record.starts_with(of_monitor);
    const Cgroups cgroups = Cgroups::parse(monitor ? record.substr(of_monitor.size()) : record);
    remove(context, cgroups, monitor ? cgroups.places.monitor : cgroups.places.limit, controls_);
}

}  // namespace keelson::cgroup
