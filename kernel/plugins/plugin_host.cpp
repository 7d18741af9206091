#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/near_miss.hpp>
#include <kernel/base/text.hpp>
#include <kernel/plugins/loader.hpp>
#include <kernel/plugins/plugin_host.hpp>
#include <kernel/plugins/trusted_file.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace keelson::plugins {
namespace {

using Id = std::pair<std::string, std::string>;

constexpr std::string_view suffix = ".so";

bool is_file(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 || errno != ENOENT;
}

/// "directory", "file" or "block", as in PluginDescriptor::applies_to.
std::string_view file_type(const std::string& path) {
    struct stat status {};
    if (!base::exists(path)) return {};
    if (::stat(path.c_str(), &status) != 0) throw Error::last("stat", path);
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

/// Names of the plugins in DIRECTORY/KIND.
void collect_names(const std::string& folder, std::set<std::string>& names) {
    for (const std::string& name : base::names_in(folder))
        if (name.ends_with(suffix) && name.size() > suffix.size()) names.emplace(name.substr(0, name.size() - suffix.size()));
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
    std::vector<std::string> directories;
    TrustedFiles trusted{::geteuid()};
    std::map<Id, PluginFile> files;
    std::map<Id, LoadedPlugin> loaded;
    std::map<Id, std::vector<std::string>> paths;
    bool crashed = false;

    const std::vector<std::string>& paths_of(const Id& id);
    std::string path_of(const Id& id);
    Error unknown(const Id& id) const;
    std::vector<std::string> names(std::string_view kind) const;
    UniqueFd open(const Id& id, PluginFile& file);
    const PluginFile& file(const Id& id);
    const LoadedPlugin& load(const Id& id);
    std::vector<const PluginFile*> list(std::string_view kind, std::vector<Error>* broken);
    Id without_alias(std::string_view kind, std::string_view name);
};

/// What was found is looked for once: each key of each configuration asks. What was not may still come.
const std::vector<std::string>& PluginHost::Registry::paths_of(const Id& id) {
    std::vector<std::string>& found = paths[id];
    if (!found.empty() || !is_kind(id.first) || id.second.empty() || id.second.find('/') != std::string::npos) return found;
    for (const std::string& directory : directories) {
        std::string path = cat(directory, "/", id.first, "/", id.second, suffix);
        if (is_file(path)) found.push_back(std::move(path));
    }
    return found;
}

std::vector<std::string> PluginHost::Registry::names(std::string_view kind) const {
    std::set<std::string> found;
    if (is_kind(kind))
        for (const std::string& directory : directories) collect_names(cat(directory, "/", kind), found);
    return {found.begin(), found.end()};
}

Error PluginHost::Registry::unknown(const Id& id) const {
    if (!is_kind(id.first))
        return {0, id.first, "unknown kind of plugin", "kinds are net, storage, lsm, cgroup, template, hook"};
    const std::vector<std::string> there = names(id.first);
    const std::string meant = base::near_miss(id.second, there);
    const std::string which = there.empty() ? "there is none" : cat("there are ", base::join(there, ", "));
    return {0, cat(id.first, " ", id.second), "unknown plugin",
            cat(meant.empty() ? "" : cat("did you mean ", meant, "? "), which, " in ", base::join(directories, ", "))};
}

/// Which of two files of one name is meant is no guess to make for code that runs as root.
std::string PluginHost::Registry::path_of(const Id& id) {
    const std::vector<std::string>& found = paths_of(id);
    if (found.empty()) throw unknown(id);
    if (found.size() > 1)
        throw Error(0, cat(id.first, " ", id.second), "more than one plugin is called",
                    cat("remove or rename all but one of ", base::join(found, ", ")));
    return found.front();
}

UniqueFd PluginHost::Registry::open(const Id& id, PluginFile& file) {
    const std::string path = path_of(id);
    UniqueFd fd = trusted.open(path);
    file = inspect(fd.get(), path);
    if (file.kind != id.first || file.name != id.second)
        throw Error(0, path,
                    cat("plugin calls itself ", file.kind, " ", file.name, ", but stands as ", id.first, " ", id.second, ":"),
                    cat("its place is ", file.kind, "/", file.name, suffix));
    return fd;
}

const PluginFile& PluginHost::Registry::file(const Id& id) {
    if (const auto known = files.find(id); known != files.end()) return known->second;
    PluginFile found;
    open(id, found);
    return files.emplace(id, std::move(found)).first->second;
}

const LoadedPlugin& PluginHost::Registry::load(const Id& id) {
    if (const auto known = loaded.find(id); known != loaded.end()) return known->second;
    PluginFile found;
    UniqueFd fd = open(id, found);
    if (crashed)
        throw Error(0, found.path,
                    "nothing more is loaded after a plugin crashed:", "start again without the one that crashed");
    void* interface = load_object(std::move(fd), found, &crashed);
    // Asking for its keys later must not look at the file again: a user namespace may have been entered since.
    files.try_emplace(id, found);
    return loaded.try_emplace(id, std::move(found), interface).first->second;
}

PluginHost::PluginHost(std::vector<std::string> directories) : registry_(std::make_shared<Registry>()) {
    registry_->directories = std::move(directories);
}

/// A plugin's own name goes before another's alias. Unreadable files have none.
Id PluginHost::Registry::without_alias(std::string_view kind, std::string_view name) {
    Id id(kind, name);
    if (!paths_of(id).empty()) return id;
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
    return !registry_->paths_of(registry_->without_alias(kind, name)).empty();
}

const std::vector<abi::Key>* PluginHost::keys_of(std::string_view kind, std::string_view name) {
    return knows(kind, name) ? &file(kind, name).keys : nullptr;
}

std::vector<std::string> PluginHost::names(std::string_view kind) { return registry_->names(kind); }

}  // namespace keelson::plugins
