#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/near_miss.hpp>
#include <kernel/base/text.hpp>
#include <kernel/plugins/index.hpp>
#include <kernel/plugins/inspect.hpp>
#include <kernel/plugins/loader.hpp>
#include <kernel/plugins/places.hpp>
#include <kernel/plugins/plugin_host.hpp>
#include <kernel/plugins/read_only_mount.hpp>
#include <kernel/plugins/trusted_file.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace keelson::plugins {
namespace {

using Id = std::pair<std::string, std::string>;

/// Where a plugin was seen, and what lstat(2) said of it then.
struct Sighting {
    std::string path;
    struct stat status;
};

/// Whether `result`, of a stat(2), speaks of something. What may not be looked at is there as well: whoever asks for the plugin
/// is told why. Throws when it could not be seen just now.
bool is_there(int result, const std::string& path) {
    if (result == 0 || errno == EACCES) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw Error::last("look at", path);
}

std::optional<Sighting> look_at(std::string path) {
    struct stat status {
    }, end{};
    if (!is_there(::lstat(path.c_str(), &status), path)) return std::nullopt;
    if (S_ISLNK(status.st_mode) && !is_there(::stat(path.c_str(), &end), path)) return std::nullopt;
    return Sighting{std::move(path), status};
}

/// What a file said, and the stamp that it had then.
struct Known {
    PluginFile file;
    Stamp stamp;
};

Stamp stamp_of(int fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) throw Error::last("stat", path);
    return Stamp(status);
}

/// "directory", "file" or "block", as in PluginDescriptor::applies_to.
std::string_view file_type(const std::string& path) {
    struct stat status {};
    if (path.empty()) return {};
    if (::stat(path.c_str(), &status) != 0) {
        const int reason = errno;
        if (!base::exists(path)) return {};
        throw Error(reason, path, "stat");
    }
    if (S_ISDIR(status.st_mode)) return "directory";
    if (S_ISREG(status.st_mode)) return "file";
    return S_ISBLK(status.st_mode) ? "block" : "";
}

bool has_word(const std::string& words, std::string_view word) {
    const std::vector<std::string_view> all = base::words(words);
    return std::find(all.begin(), all.end(), word) != all.end();
}

bool applies(const PluginFile& file, std::string_view type) {
    if (file.applies_to.empty()) return false;
    if (file.kind == "storage" || file.kind == "template") return has_word(file.applies_to, type);
    return base::exists(file.applies_to);
}

PluginFile describe_as(const SectionsView& sections, const std::string& path, const Id& id) {
    PluginFile file = describe(sections, path);
    if (file.kind != id.first || file.name != id.second)
        throw Error(0, file.path,
                    cat("plugin calls itself ", file.kind, " ", file.name, ", but stands as ", id.first, " ", id.second, ":"),
                    cat("its place is ", file.kind, "/", file.name, ".so"));
    return file;
}

Known read_file(int fd, const std::string& path, const Id& id) {
    const Stamp stamp = stamp_of(fd, path);  // before the content, so that a change meanwhile shows
    return {describe_as(read_sections(fd, path), path, id), stamp};
}

/// Nobody who chooses among plugins may take the second best because the best could not be read just now.
void report(std::vector<Error>* broken, const Error& error) {
    if (broken)
        broken->push_back(error);
    else if (error.code() != 0 && error.code() != EACCES)
        throw error;
    else
        base::log_warn(cat(error.what(), error.hint().empty() ? "" : cat(" (", error.hint(), ")")));
}

}  // namespace

abi::Plugin& LoadedPlugin::plugin() const noexcept {
    // Every interface derives from Plugin first and alone, so both have one address (Itanium C++ ABI, 2.4).
    return *static_cast<abi::Plugin*>(interface_);
}

struct PluginHost::Registry {
    explicit Registry(std::vector<std::string> places, std::string kept)
        : directories(std::move(places)), index(std::move(kept)) {}

    std::vector<std::string> directories;
    Index index;
    TrustedFiles trusted{::geteuid()};
    std::map<Id, Known> files;
    std::map<Id, LoadedPlugin> loaded;
    std::map<Id, std::vector<Sighting>> sightings;
    bool crashed = false;

    const std::vector<Sighting>& sightings_of(const Id& id);
    const Sighting& sighting_of(const Id& id);
    Error unknown(const Id& id);
    std::vector<std::string> names(std::string_view kind);
    std::vector<std::string> names_in(const std::string& folder);
    const Index::Entry* indexed(const std::string& path, const Stamp& stamp);
    Known read(const Id& id);
    const PluginFile& file(const Id& id);
    UniqueFd open(const Id& id, Known& known);
    const LoadedPlugin& load(const Id& id);
    std::vector<const PluginFile*> list(std::string_view kind, std::vector<Error>* broken);
    Id without_alias(std::string_view kind, std::string_view name);
};

/// What was found is looked for once: each key of each configuration asks. What was not may still come.
const std::vector<Sighting>& PluginHost::Registry::sightings_of(const Id& id) {
    std::vector<Sighting>& found = sightings[id];
    if (!found.empty() || !is_kind(id.first) || id.second.empty() || id.second.find('/') != std::string::npos) return found;
    for (const std::string& directory : directories)
        if (auto seen = look_at(plugin_path(cat(directory, "/", id.first), id.second))) found.push_back(std::move(*seen));
    return found;
}

const Index::Entry* PluginHost::Registry::indexed(const std::string& path, const Stamp& stamp) {
    if (const Index::Entry* entry = index.find(path, stamp)) return entry;
    return index.refresh(directories, trusted) ? index.find(path, stamp) : nullptr;
}

std::vector<std::string> PluginHost::Registry::names_in(const std::string& folder) {
    struct stat status {};
    if (!is_there(::stat(folder.c_str(), &status), folder)) return {};
    const Index::Entry* entry = indexed(folder, Stamp(status));
    return entry ? index.names_in(*entry) : plugin_names(base::names_in(folder));
}

std::vector<std::string> PluginHost::Registry::names(std::string_view kind) {
    std::set<std::string> found;
    if (is_kind(kind))
        for (const std::string& directory : directories)
            for (std::string& name : names_in(cat(directory, "/", kind))) found.insert(std::move(name));
    return {found.begin(), found.end()};
}

Error PluginHost::Registry::unknown(const Id& id) {
    if (!is_kind(id.first))
        return {0, id.first, "unknown kind of plugin", "kinds are net, storage, lsm, cgroup, template, hook"};
    const std::vector<std::string> there = names(id.first);
    const std::string meant = base::near_miss(id.second, there);
    const std::string which = there.empty() ? "there is none" : cat("there are ", base::join(there, ", "));
    return {0, cat(id.first, " ", id.second), "unknown plugin",
            cat(meant.empty() ? "" : cat("did you mean ", meant, "? "), which, " in ", base::join(directories, ", "))};
}

/// Which of two files of one name is meant is no guess to make for code that runs as root.
const Sighting& PluginHost::Registry::sighting_of(const Id& id) {
    const std::vector<Sighting>& found = sightings_of(id);
    if (found.empty()) throw unknown(id);
    if (found.size() == 1) return found.front();
    std::vector<std::string> paths;
    for (const Sighting& each : found) paths.push_back(each.path);
    throw Error(0, cat(id.first, " ", id.second), "more than one plugin is called",
                cat("remove or rename all but one of ", base::join(paths, ", ")));
}

Known PluginHost::Registry::read(const Id& id) {
    const Sighting& seen = sighting_of(id);
    const Index::Entry* entry = S_ISREG(seen.status.st_mode) ? indexed(seen.path, Stamp(seen.status)) : nullptr;
    if (!entry || entry->sections.descriptor.empty()) return read_file(trusted.open(seen.path).get(), seen.path, id);
    trusted.check(seen.path, seen.status);
    return {describe_as(entry->sections, seen.path, id), entry->stamp};
}

const PluginFile& PluginHost::Registry::file(const Id& id) {
    if (const auto found = files.find(id); found != files.end()) return found->second.file;
    return files.emplace(id, read(id)).first->second.file;
}

/// The file that `known` was read from. If another one stands there now, that one is read.
UniqueFd PluginHost::Registry::open(const Id& id, Known& known) {
    UniqueFd fd = open_in_shared_clone(known.file.path);
    if (fd && stamp_of(fd.get(), known.file.path) == known.stamp) return fd;
    fd = trusted.open(known.file.path);
    if (stamp_of(fd.get(), known.file.path) != known.stamp) known = read_file(fd.get(), known.file.path, id);
    return on_read_only_mount(std::move(fd));
}

/// What is known of the file stays in `files`: asking for its keys later must not look at it again, because a user namespace
/// may have been entered since.
const LoadedPlugin& PluginHost::Registry::load(const Id& id) {
    if (const auto found = loaded.find(id); found != loaded.end()) return found->second;
    const std::string& path = file(id).path;
    if (crashed)
        throw Error(0, path, "nothing more is loaded after a plugin crashed:", "start again without the one that crashed");
    Known known = files.at(id);
    UniqueFd fd = open(id, known);
    void* interface = load_object(std::move(fd), known.file, &crashed);
    return loaded.try_emplace(id, std::move(known.file), interface).first->second;
}

PluginHost::PluginHost(std::vector<std::string> directories, std::string index)
    : registry_(std::make_shared<Registry>(std::move(directories), std::move(index))) {}

/// A plugin's own name goes before another's alias. Unreadable files have none.
Id PluginHost::Registry::without_alias(std::string_view kind, std::string_view name) {
    Id id(kind, name);
    if (!sightings_of(id).empty()) return id;
    std::vector<Error> ignored;
    for (const PluginFile* each : list(kind, &ignored))
        if (has_word(each->aliases, name)) id.second = each->name;
    return id;
}

std::vector<const PluginFile*> PluginHost::Registry::list(std::string_view kind, std::vector<Error>* broken) {
    std::vector<const PluginFile*> found;
    for (std::string_view each : kinds) {
        if (!kind.empty() && kind != each) continue;
        for (const std::string& name : names(each)) try {
                found.push_back(&file({std::string(each), name}));
            } catch (const Error& error) {
                report(broken, error);
            }
    }
    const auto rank = [](const PluginFile* file) { return std::tie(file->kind, file->order, file->name); };
    std::sort(found.begin(), found.end(), [&](const PluginFile* a, const PluginFile* b) { return rank(a) < rank(b); });
    return found;
}

std::vector<PluginFile> PluginHost::list(std::string_view kind, std::vector<Error>* broken) {
    std::vector<PluginFile> found;
    for (const PluginFile* file : registry_->list(kind, broken)) found.push_back(*file);
    return found;
}

const LoadedPlugin& PluginHost::load(std::string_view kind, std::string_view name) {
    return registry_->load(registry_->without_alias(kind, name));
}

const PluginFile& PluginHost::file(std::string_view kind, std::string_view name) {
    return registry_->file(registry_->without_alias(kind, name));
}

std::vector<std::string> PluginHost::applying(std::string_view kind, const std::string& path, std::vector<Error>* broken) {
    const std::string_view type = file_type(path);
    std::vector<std::string> found;
    for (const PluginFile* file : registry_->list(kind, broken))
        if (applies(*file, type)) found.push_back(file->name);
    return found;
}

bool PluginHost::knows(std::string_view kind, std::string_view name) {
    return !registry_->sightings_of(registry_->without_alias(kind, name)).empty();
}

const std::vector<abi::Key>* PluginHost::keys_of(std::string_view kind, std::string_view name) {
    return knows(kind, name) ? &file(kind, name).keys : nullptr;
}

std::vector<std::string> PluginHost::names(std::string_view kind) { return registry_->names(kind); }

}  // namespace keelson::plugins
