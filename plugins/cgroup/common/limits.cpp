#include "limits.hpp"

#include "device_program.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>
#include <optional>

namespace keelson::cgroup {

namespace {

constexpr const char* prefix1 = "lxc.cgroup.";
constexpr const char* prefix2 = "lxc.cgroup2.";

std::string_view controller_of(std::string_view file) { return file.substr(0, file.find('.')); }

/// Keys of the family lxc.cgroup. that say where cgroups stand.
bool is_place(std::string_view sub_key) {
    for (const std::string_view word : {"dir", "relative", "use", "pattern"})
        if (sub_key == word) return true;
    return sub_key.starts_with("dir.");
}

bool in_phase(std::string_view file, abi::CgroupPhase phase) {
    return file.starts_with("devices.") == (phase == abi::CgroupPhase::after_setup);
}

bool has_unified_controller(const Cgroups& cgroups, std::string_view controller) {
    const Hierarchy* unified = cgroups.unified();
    if (unified == nullptr) return false;
    if (controller == "cgroup") return true;
    const std::string text = sdk::try_read_file(unified->base_directory() + "/cgroup.controllers").value_or("");
    for (const std::string_view word : sdk::split(sdk::trim(text), ' '))
        if (word == controller) return true;
    return false;
}

/// Writes line after line; a file stays open as long as the lines are its own, for device rules come by the dozen.
class Writer {
public:
    explicit Writer(std::string prefix) : prefix_(std::move(prefix)) {}

    void write(const std::string& directory, const std::string& file, const std::string& value) {
        const std::string path = cat(directory, '/', file);
        if (path != path_) open(path, file);
        if (::write(fd_.get(), value.data(), value.size()) < 0)
            throw Error(errno, prefix_ + file, cat("write \"", value, "\" to ", path, ":"));
    }

private:
    void open(const std::string& path, const std::string& file) {
        fd_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        path_ = path;
        if (fd_) return;
        const int error = errno;
        path_.clear();
        throw Error(error, prefix_ + file, cat("open ", path, ":"),
                    error == ENOENT
                        ? cat("there is no such control file: a typing error, or the controller ", controller_of(file),
                              " is not enabled for this cgroup (cgroup.subtree_control above it)")
                        : std::string());
    }

    std::string prefix_, path_;
    UniqueFd fd_;
};

/// Tells of the lines of a family that are left out.
class Skipped {
public:
    Skipped(const sdk::Context& context, std::string prefix) : context_(context), prefix_(std::move(prefix)) {}

    void add(const std::string& file, std::string_view why) {
        // configurations carry the device list once for each version: that one of them is left out is no news
        if (file.starts_with("devices.")) {
            if (!std::exchange(devices_told_, true)) context_.debug(cat(prefix_, "devices is left out: ", std::string(why)));
        } else {
            context_.warn(cat(prefix_, file, " is left out: ", std::string(why)));
        }
    }

private:
    const sdk::Context& context_;
    std::string prefix_;
    bool devices_told_ = false;
};

/// A cpuset of version 1 holds those below it (Documentation/admin-guide/cgroup-v1/cpusets.rst): before it is made smaller, the
/// container's own has to be.
bool begins_inside(const Places& places, const std::string& file) {
    return places.inner != places.limit && (file == "cpuset.cpus" || file == "cpuset.mems");
}

void write_version1(const sdk::Context& context, const Cgroups& cgroups, abi::CgroupPhase phase) {
    Writer writer(prefix1);
    Skipped skipped(context, prefix1);
    for (const auto& [file, value] : context.family(prefix1)) {
        if (is_place(file) || !in_phase(file, phase)) continue;
        const std::string_view controller = controller_of(file);
        if (const Hierarchy* hierarchy = cgroups.with(controller)) {
            if (begins_inside(cgroups.places, file)) writer.write(hierarchy->directory(cgroups.places.inner), file, value);
            writer.write(hierarchy->directory(cgroups.places.limit), file, value);
        } else if (context.by_ordinary_user() || has_unified_controller(cgroups, controller) ||
                   (cgroups.unified() != nullptr && cgroups.hierarchies.size() == 1)) {
            skipped.add(file, "no hierarchy of version 1 has the controller");
        } else {
            throw Error(ENOENT, prefix1 + file, cat("no mounted cgroup hierarchy has the controller ", controller));
        }
    }
}

void write_version2(const sdk::Context& context, const Cgroups& cgroups, abi::CgroupPhase phase) {
    Writer writer(prefix2);
    Skipped skipped(context, prefix2);
    const bool pure = cgroups.unified() != nullptr && cgroups.hierarchies.size() == 1;
    for (const auto& [file, value] : context.family(prefix2)) {
        const bool device = file.starts_with("devices.");
        if (!in_phase(file, phase) || (device && devices_by_program(cgroups))) continue;
        if (!device && (pure || has_unified_controller(cgroups, controller_of(file)))) {
            writer.write(cgroups.unified()->directory(cgroups.places.limit), file, value);
        } else {
            skipped.add(file, "the controller belongs to no unified hierarchy here");
        }
    }
}

// ---- device rules of version 2. The statements in effect are a file: first line the program's id, then "VERB RULE" a line.
// The next ones are a file beside it before their program comes onto the cgroup: of the two files that one is true whose
// program is there, wherever a change was cut off.

struct Devices {
    uint32_t id = 0;
    // without a program everything is allowed: that is where a first change begins
    std::string statements = "allow a\n";
};

std::string devices_file(const sdk::Context& context) { return context.runtime_directory() + "/devices"; }
std::string next_devices_file(const sdk::Context& context) { return devices_file(context) + ".new"; }

void add_statement(DeviceRules& rules, std::string_view statement) {
    const size_t blank = statement.find(' ');
    rules.add(statement.substr(0, blank), blank == std::string_view::npos ? "" : statement.substr(blank + 1));
}

void write_devices(const std::string& file, uint32_t id, const std::string& statements) {
    const std::string text = cat(id, '\n', statements);
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) throw Error::last("open", file);
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) throw Error::last("write", file);
}

/// The next ones become those in effect.
void adopt_devices(const sdk::Context& context) {
    const std::string next = next_devices_file(context);
    if (::rename(next.c_str(), devices_file(context).c_str()) != 0) throw Error::last("rename", next);
}

/// Those of the file, if they are in effect.
std::optional<Devices> attached_devices(const std::string& file, const std::string& cgroup) {
    const auto text = sdk::try_read_file(file);
    if (!text) return std::nullopt;
    const size_t end = std::min(text->find('\n'), text->size());
    const auto id = sdk::parse_number<uint32_t>(text->substr(0, end));
    if (!id || end == text->size() || !is_attached(*id, cgroup)) return std::nullopt;
    return Devices{*id, text->substr(end + 1)};
}

Devices devices_in_effect(const sdk::Context& context, const std::string& cgroup) {
    if (auto cut_off = attached_devices(next_devices_file(context), cgroup)) {
        adopt_devices(context);
        return *cut_off;
    }
    return attached_devices(devices_file(context), cgroup).value_or(Devices());
}

void put_devices(const sdk::Context& context, const std::string& cgroup, const DeviceRules& rules, uint32_t replaces,
                 const std::string& statements) {
    attach_program(assemble(rules), cgroup, replaces,
                   [&](uint32_t id) { write_devices(next_devices_file(context), id, statements); });
    adopt_devices(context);
}

void attach_configured_devices(const sdk::Context& context, const Cgroups& cgroups) {
    DeviceRules rules;
    std::string statements;
    for (const auto& [file, value] : context.family(prefix2)) {
        if (!file.starts_with("devices.")) continue;
        const std::string verb = file.substr(file.find('.') + 1);
        try {
            rules.add(verb, value);
        } catch (const Error& error) {
            throw Error(error.code(), prefix2 + file, cat(error.message(), " \"", error.object(), "\" in"), error.hint());
        }
        statements += cat(verb, ' ', value, '\n');
    }
    if (const std::string warning = rules.warning(); !warning.empty()) context.warn(warning);
    if (rules.empty()) return;
    if (context.by_ordinary_user()) return context.warn("device rules are left out: they need root");
    put_devices(context, cgroups.unified()->directory(cgroups.places.limit), rules, 0, statements);
}

}  // namespace

bool devices_by_program(const Cgroups& cgroups) { return cgroups.unified() != nullptr && cgroups.with("devices") == nullptr; }

const Hierarchy& hierarchy_for(const Cgroups& cgroups, std::string_view file) {
    const std::string_view controller = controller_of(file);
    if (const Hierarchy* hierarchy = cgroups.with(controller)) return *hierarchy;
    const bool core = controller == "cgroup" || controller == "tasks" || controller == "notify_on_release";
    if (const Hierarchy* unified = cgroups.unified(); unified != nullptr) return *unified;
    if (core && !cgroups.hierarchies.empty()) return cgroups.hierarchies.front();
    throw Error(ENOENT, std::string(file), cat("no cgroup hierarchy of the container has the controller ", controller),
                cgroups.hierarchies.empty() ? "the container was started without cgroups" : "");
}

void write_limits(const sdk::Context& context, const Cgroups& cgroups, abi::CgroupPhase phase) {
    if (cgroups.hierarchies.empty()) {
        if (phase == abi::CgroupPhase::before_setup && !(context.family(prefix2).empty()))
            context.warn("cgroup limits are left out: the container has no cgroups");
        return;
    }
    write_version1(context, cgroups, phase);
    write_version2(context, cgroups, phase);
    if (phase == abi::CgroupPhase::after_setup && devices_by_program(cgroups)) attach_configured_devices(context, cgroups);
}

void change_devices(const sdk::Context& context, const Cgroups& cgroups, std::string_view file, std::string_view rule) {
    const std::string verb(file.substr(file.find('.') + 1));
    const std::string cgroup = cgroups.unified()->directory(cgroups.places.limit);
    const Devices devices = devices_in_effect(context, cgroup);
    DeviceRules rules;
    for (const std::string_view statement : sdk::split(devices.statements, '\n')) add_statement(rules, statement);
    rules.add(verb, rule);
    put_devices(context, cgroup, rules, devices.id, cat(devices.statements, verb, ' ', rule, '\n'));
}

}  // namespace keelson::cgroup
