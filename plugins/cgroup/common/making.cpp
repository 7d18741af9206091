#include "making.hpp"

#include "alive.hpp"
#include "tree.hpp"

#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/patience.hpp>
#include <keelson/sdk/text.hpp>

#include <optional>

namespace keelson::cgroup {

namespace {

/// How long processes that were killed may take to go.
constexpr uint32_t patience_ms = 5000;

constexpr const char* hint_for_neighbours = "stop it, or give one of the two a place of its own with lxc.cgroup.dir";

class Maker {
public:
    Maker(const sdk::Context& context, const Cgroups& cgroups, const Hierarchy& hierarchy, const Controls& controls)
        : context_(context), places_(cgroups.places), hierarchy_(hierarchy), controls_(controls) {}

    void make_payload() const {
        make(places_.limit, Role::limit);
        if (places_.inner != places_.limit) make(places_.inner, Role::inner);
        if (context_.has_user_namespace())
            controls_.delegate(hierarchy_.directory(places_.inner), context_.root_uid(), context_.root_gid());
    }
    void make_monitor() const { make(places_.monitor, Role::monitor); }

private:
    /// Once more when a directory above went away, because another container of the same lxc.cgroup.dir has ended.
    void make(const std::string& relative, Role role) const {
        for (int attempt = 0;; ++attempt) try {
                return make_path(relative, role);
            } catch (const Error& error) {
                if (error.code() != ENOENT || attempt == 3) throw;
            }
    }

    void make_path(const std::string& relative, Role role) const {
        std::string parent = hierarchy_.base_directory();
        for (size_t slash = relative.find('/'); slash != std::string::npos; slash = relative.find('/', slash + 1)) {
            const std::string path = hierarchy_.directory(relative.substr(0, slash));
            make_marked(path, shared_owner, context_.by_ordinary_user());
            controls_.initialise(hierarchy_, path, parent, Role::parent);
            parent = path;
        }
        const std::string path = hierarchy_.directory(relative);
        if (!make_marked(path, context_.directory(), context_.by_ordinary_user()) && !may_stay(path, role)) {
            make_room(path);
            if (!make_marked(path, context_.directory(), context_.by_ordinary_user()))
                throw Error(EEXIST, path, "make cgroup", "another container with this name is being started");
        }
        controls_.initialise(hierarchy_, path, parent, role);
    }

    /// The monitor's may have its monitor in it by now.
    bool may_stay(const std::string& path, Role role) const {
        return role == Role::monitor && owner_of(path, context_.by_ordinary_user()) == context_.directory();
    }

    void make_room(const std::string& path) const {
        const std::optional<std::string> found = owner_of(path, context_.by_ordinary_user());
        if (!found) return;
        const std::string& owner = *found;
        if (owner == context_.directory()) {
            if (!remove_killing(path, in_milliseconds(patience_ms)))
                throw Error(EBUSY, path, "what an earlier start of this container has left does not go away");
            return;
        }
        if (places_.explicit_paths)
            throw Error(EEXIST, path, "the cgroup named by lxc.cgroup.dir.monitor or .container is there already",
                        "it has to be made by the start; remove it, or name another");
        if (owner.empty()) return make_room_unmarked(path);
        if (is_gone_or_taken(path, owner) || remove_empty(path)) return;
        throw Error(EBUSY, path, cat("the running container ", owner, " uses the cgroup"), hint_for_neighbours);
    }

    void make_room_unmarked(const std::string& path) const {
        if (remove_unmarked(path, context_.directory(), context_.by_ordinary_user())) return;
        if (owner_of(path, context_.by_ordinary_user()) != "") return make_room(path);  // marked meanwhile, or gone
        throw Error(EBUSY, path, "a running container or program uses the cgroup", hint_for_neighbours);
    }

    /// The cgroup of a container that is being started has nobody in it yet: it is a leftover only when its owner is not alive.
    /// One that ends will be gone at once.
    bool is_gone_or_taken(const std::string& path, const std::string& owner) const {
        const auto other = [&] { return owner_of(path, context_.by_ordinary_user()) != owner; };
        if (sdk::comes_true(sdk::patience_with_the_ended, [&] { return other() || populated(path) || !is_alive(owner); }))
            return other();
        throw Error(EBUSY, path, cat("the container ", owner, ", which is being started or stopped, uses the cgroup"),
                    hint_for_neighbours);
    }

    const sdk::Context& context_;
    const Places& places_;
    const Hierarchy& hierarchy_;
    const Controls& controls_;
};

bool is_within(std::string_view path, std::string_view top) {
    return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

/// A process that is not to be killed with what is inside.
struct Spared {
    pid_t pid;            ///< 0: we
    std::string cgroups;  ///< /proc/PID/cgroup
};

/// We, and who waits for our report: a start that went where the monitor goes (leave_base) is in there too.
std::vector<Spared> spared() {
    const pid_t caller = ::getppid();
    return {{0, sdk::read_file("/proc/self/cgroup")},
            {caller, sdk::try_read_file(cat("/proc/", caller, "/cgroup")).value_or("")}};
}

void lead_out(const std::vector<Spared>& processes, const Hierarchy& hierarchy, const std::string& place,
              const Controls& controls, const std::string& pivot) {
    for (const Spared& process : processes)
        if (is_within(cgroup_of(process.cgroups, hierarchy), cat(hierarchy.base, '/', place)))
            controls.lead_out(process.pid, hierarchy, pivot);
}

/// `lead_out`: who is to live leaves it, before what is inside is killed.
template <typename LeadOut>
void remove_one(const sdk::Context& context, const std::string& path, LeadOut lead_out) {
    const std::optional<std::string> owner = owner_of(path, context.by_ordinary_user());
    if (!owner || (!owner->empty() && owner != context.directory())) return;
    if (!owner->empty() && is_gone_by_rmdir(path)) return;
    lead_out();
    if (owner->empty()) {
        if (!remove_unmarked(path, context.directory(), context.by_ordinary_user()))
            context.warn(cat("cgroup ", path, " has processes or another's mark: it is left"));
    } else if (!remove_killing(path, in_milliseconds(patience_ms))) {
        throw Error(EBUSY, path, "processes in the cgroup do not end");
    }
}

/// Directories above, that were made for lxc.cgroup.dir, go with the last container below.
void remove_shared(const sdk::Context& context, const Hierarchy& hierarchy, std::string relative) {
    for (size_t slash = relative.rfind('/'); slash != std::string::npos; slash = relative.rfind('/')) {
        relative.resize(slash);
        const std::string path = hierarchy.directory(relative);
        if (owner_of(path, context.by_ordinary_user()) != shared_owner || ::rmdir(path.c_str()) != 0) return;
    }
}

}  // namespace

bool alone_in_base(const Cgroups& cgroups) {
    const Hierarchy* unified = cgroups.unified();
    if (unified == nullptr || is_hierarchy_root(unified->base_directory())) return false;
    const std::vector<pid_t> here = processes(unified->base_directory());
    return here.size() == 1 && here.front() == ::getpid();
}

void leave_base(const Cgroups& cgroups) {
    sdk::try_write_file(cgroups.unified()->directory(cgroups.places.monitor) + "/cgroup.procs", "0");
}

void make_payload(const sdk::Context& context, const Cgroups& cgroups, const AllControls& controls, Version version) {
    for (const Hierarchy& hierarchy : cgroups.hierarchies)
        if (hierarchy.version == version) Maker(context, cgroups, hierarchy, controls.of(hierarchy)).make_payload();
}

void make_monitor(const sdk::Context& context, const Cgroups& cgroups, const AllControls& controls) {
    for (const Hierarchy& hierarchy : cgroups.hierarchies)
        Maker(context, cgroups, hierarchy, controls.of(hierarchy)).make_monitor();
}

void remove(const sdk::Context& context, const Cgroups& cgroups, const std::string& place, const AllControls& controls) {
    std::vector<Spared> alive;
    std::optional<Error> first;
    for (const Hierarchy& hierarchy : cgroups.hierarchies) {
        if (controls.find(hierarchy) == nullptr) continue;
        try {
            remove_one(context, hierarchy.directory(place), [&] {
                if (alive.empty()) alive = spared();
                lead_out(alive, hierarchy, place, controls.of(hierarchy), cgroups.places.pivot);
            });
            remove_shared(context, hierarchy, place);
        } catch (const Error& error) {
            if (!first) first = error;
        }
    }
    if (first) throw *first;
}

}  // namespace keelson::cgroup
