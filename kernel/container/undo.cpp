#include <keelson/abi/network.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/cgroup.hpp>
#include <kernel/container/dependents.hpp>
#include <kernel/container/partial.hpp>
#include <kernel/container/runtime_state.hpp>
#include <kernel/container/undo.hpp>
#include <kernel/filesystem/tree.hpp>
#include <kernel/process/clone.hpp>

#include <keelson/sdk/file_identity.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace keelson::container {
namespace {

constexpr int kill_deadline_ms = 10'000;

/// So that what was killed can die.
void release(const Facts& facts, const config::Config& config) {
    try {
        const RuntimeState state = read_runtime_state(facts.runtime_directory());
        const auto driver = state.find("cgroup driver"), cgroups = state.find("cgroup");
        if (driver == state.end() || cgroups == state.end()) return;
        Cgroup(facts, config, driver->second, cgroups->second).release();
    } catch (const Error& error) {
        base::log_warn(cat("let go of ", facts.name(), ": ", error.what()));
    }
}

void end_process(const std::string& record, const Facts& facts, const config::Config& config) {
    const UniqueFd handle = process::open_recorded(record);
    if (!handle) return;  // or no process was made, or it died with the one that made it
    process::send_signal(handle.get(), SIGKILL);
    if (process::wait_until_gone(handle.get(), process::usual_death_ms)) return;
    release(facts, config);
    if (!process::wait_until_gone(handle.get(), kill_deadline_ms))
        throw process::does_not_die(cat("process ", base::words(record).front()));
}

/// "IDENTITY PATH" once it is made; before, the path alone, which proves nothing.
struct MadeFile {
    std::string path;
    std::optional<sdk::FileIdentity> identity;

    explicit MadeFile(const lifecycle::Record& record) : path(record.text) {
        const size_t blank = std::min(path.find(' '), path.size());
        if (record.complete) identity = sdk::identity_from(std::string_view(path).substr(0, blank));
        if (identity) path.erase(0, blank + 1);
    }
    bool is_there() const { return identity == sdk::identity_of(path); }
};

/// Without a proof: what is empty was not anybody's yet.
void remove_empty_file(const std::string& path) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size != 0) return;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", path);
}

void remove_empty_directory(const std::string& path) {
    constexpr int somebodys[] = {ENOENT, ENOTDIR, ENOTEMPTY, EEXIST};
    if (::rmdir(path.c_str()) == 0 || std::ranges::find(somebodys, errno) != std::end(somebodys)) return;
    const Error error = Error::last("remove", path);
    // That nothing can be removed says nothing of whether it is there.
    if (error.code() != EROFS || base::exists(path)) throw error;
}

void undo_file(const lifecycle::Record& record) {
    const MadeFile file(record);
    if (!file.identity) return remove_empty_file(file.path);
    if (file.is_there() && ::unlink(file.path.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", file.path);
}

void undo_tree(const lifecycle::Record& record) {
    const MadeFile tree(record);
    if (!tree.identity) return remove_empty_directory(tree.path);
    if (tree.is_there()) filesystem::remove_tree(tree.path);
}

/// It may have come to hold what others made since.
void undo_directory(const lifecycle::Record& record) {
    const MadeFile directory(record);
    if (!directory.identity || directory.is_there()) remove_empty_directory(directory.path);
}

/// Of a container in a directory that was there before: what is not marked any more is somebody's.
void undo_config(const std::string& directory) {
    const std::string mark = partial_mark(directory);
    if (!base::exists(mark)) return;
    for (const std::string& path : {directory + "/config", mark})
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", path);
}

void undo_own(const lifecycle::Record& record, const Facts& facts, const config::Config& config) {
    if (record.plugin == "process") return end_process(record.text, facts, config);
    if (record.plugin == "file") return undo_file(record);
    if (record.plugin == "tree") return undo_tree(record);
    if (record.plugin == "directory") return undo_directory(record);
    if (record.plugin == "config") return undo_config(record.text);
    if (record.plugin == "dependent") return forget_dependent(record.text, facts);
    throw Error(EINVAL, record.plugin, "the journal has a record of an unknown kind", "it was written by a newer Keelson");
}

void undo_plugins(const lifecycle::Record& record, const Facts& facts, const config::Config& config,
                  lifecycle::Journal& journal, const process::NamespaceSet* namespaces) {
    const plugins::LoadedPlugin& plugin = plugins::PluginHost::instance().load(record.kind, record.plugin);
    const CallContext context(facts, config, plugin, &journal);
    const abi::NamespaceFds fds = namespaces != nullptr ? namespaces->fds() : abi::NamespaceFds{};
    plugins::call(plugin, [&](abi::ErrorSink* e) {
        return plugin.plugin().undo(context.raw(), sdk::to_abi(record.text), namespaces != nullptr ? &fds : nullptr, e);
    });
}

}  // namespace

std::string file_record(const std::string& path) {
    const std::optional<sdk::FileIdentity> identity = sdk::identity_of(path);
    if (!identity) throw Error(ENOENT, path, "it was removed as soon as it was made:");
    return cat(sdk::to_text(*identity), " ", path);
}

lifecycle::Undo undo_with(const Facts& facts, const config::Config& config, lifecycle::Journal& journal,
                          const process::NamespaceSet* namespaces) {
    return [&facts, &config, &journal, namespaces](const lifecycle::Record& record) {
        if (record.kind == "kernel")
            undo_own(record, facts, config);
        else
            undo_plugins(record, facts, config, journal, namespaces);
    };
}

/// Of a plugin that cannot be loaded undo itself says why.
bool is_undone_at_leisure(const lifecycle::Record& record) try {
    if (record.kind != "net") return false;
    const plugins::LoadedPlugin& plugin = plugins::PluginHost::instance().load(record.kind, record.plugin);
    return (plugin.as<abi::Network>().traits() & abi::network_undo_at_leisure) != 0;
} catch (const Error&) {
    return false;
}

bool is_undone_at_once(const lifecycle::Record& record) { return !is_undone_at_leisure(record); }

namespace {

bool is_process(const lifecycle::Record& record) { return record.kind == "kernel" && record.plugin == "process"; }

}  // namespace

std::vector<Error> undo_all(lifecycle::Journal& journal, const Facts& facts, const config::Config& config) {
    const lifecycle::Undo undo = undo_with(facts, config, journal, nullptr);
    std::vector<Error> failures;
    for (bool (*which)(const lifecycle::Record&) : {is_process, is_undone_at_once, is_undone_at_leisure})
        if (!journal.closed()) std::ranges::move(lifecycle::unwind(journal, undo, which), std::back_inserter(failures));
    return failures;
}

void take_back(lifecycle::Journal& journal, const Facts& facts, const config::Config& config) {
    for (const Error& failure : undo_all(journal, facts, config)) base::log_error(failure.what());
}

}  // namespace keelson::container
