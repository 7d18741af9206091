// @name@: one cgroup of the unified hierarchy for each container, "@name@-CONTAINER" (cgroups(7)).
#include <keelson/sdk/cgroup_driver.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <ctime>

namespace {

using namespace keelson;
using namespace keelson::sdk;

constexpr long cgroup2_magic = 0x63677270;

/// Where the unified hierarchy is, also beside the older ones.
std::string unified() {
    for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        struct statfs status {};
        if (::statfs(path, &status) == 0 && status.f_type == cgroup2_magic) return path;
    }
    throw Error(ENODEV, "/sys/fs/cgroup", "find the unified hierarchy at", "mount -t cgroup2 none /sys/fs/cgroup");
}

class @Class@ : public CgroupDriver {
public:
    /// The state that all other calls get is the cgroup's path.
    std::string create(const Context& context) override {
        const std::string path = cgroup(context);
        const uint64_t record = context.intend(path);
        if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) throw Error::last("make", path);
        context.complete(record);
        return path;
    }

    CgroupEntry entry(const Context&, State state, abi::CgroupRole role) override {
        CgroupEntry way_in;
        if (role == abi::CgroupRole::payload) way_in.unified = open(state, "", O_PATH | O_DIRECTORY);
        return way_in;
    }

    void limit(const Context& context, State state, abi::CgroupPhase phase) override {
        if (phase != abi::CgroupPhase::before_setup) return;
        for (const auto& [file, value] : context.family("lxc.cgroup2.")) write(context, state, file, value);
    }

    void freeze(const Context& context, State state, bool frozen, uint32_t timeout_ms) override {
        write(context, state, "cgroup.freeze", frozen ? "1" : "0");
        for (uint32_t waited = 0; is_frozen(context, state) != frozen; ++waited) {
            if (waited == timeout_ms) throw Error(ETIMEDOUT, std::string(state), frozen ? "freeze" : "unfreeze");
            const timespec millisecond{0, 1'000'000};
            ::nanosleep(&millisecond, nullptr);
        }
    }

    bool is_frozen(const Context& context, State state) override {
        return read(context, state, "cgroup.events").find("frozen 1") != std::string::npos;
    }

    std::optional<FrozenFile> frozen_file(const Context&, State state) override {
        return FrozenFile{cat(state, "/cgroup.freeze"), "0"};
    }

    std::string read(const Context&, State state, std::string_view file) override {
        const UniqueFd fd = open(state, file, O_RDONLY);
        std::string text(65536, '\0');
        const ssize_t got = ::read(fd.get(), text.data(), text.size());
        if (got < 0) throw Error::last("read", std::string(file));
        return text.substr(0, static_cast<size_t>(got));
    }

    void write(const Context&, State state, std::string_view file, std::string_view value) override {
        const UniqueFd fd = open(state, file, O_WRONLY);
        if (::write(fd.get(), value.data(), value.size()) < 0) throw Error::last("write", cat(state, "/", file));
    }

    std::string path(const Context&, State state, std::string_view) override {
        return std::string(state.substr(unified().size()));
    }

    abi::CgroupUsage usage(const Context&, State) override {
        constexpr uint64_t unknown = UINT64_MAX;
        return {sizeof(abi::CgroupUsage), 0, unknown, unknown, unknown, unknown, unknown, unknown};
    }

    std::vector<CgroupMount> mounts(const Context&, State, const abi::CgroupMountRequest& request) override {
        if (!request.own_namespace || !request.can_mount) return {};
        return {{"cgroup2", "cgroup2", "sys/fs/cgroup", "", request.read_only != 0}};
    }

    /// Only the cgroup of this container: the record has to be what `create` writes.
    void undo(const Context& context, std::string_view record, const Namespaces&) override {
        const std::string path = cgroup(context);
        if (record != path) throw Error(EINVAL, std::string(record), "@name@ writes no such record as");
        if (::rmdir(path.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", path);
    }

private:
    static std::string cgroup(const Context& context) { return cat(unified(), "/@name@-", context.name()); }

    static UniqueFd open(State state, std::string_view file, int flags) {
        const std::string path = file.empty() ? std::string(state) : cat(state, "/", file);
        UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
        if (!fd) throw Error::last("open", path);
        return fd;
    }
};

KEELSON_CGROUP_DRIVER("@name@", @Class@, .version = "0.1", .summary = "one cgroup of the unified hierarchy");

}  // namespace
