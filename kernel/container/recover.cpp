#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/config/global.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/undo.hpp>
#include <kernel/process/user_privilege.hpp>

#include <dirent.h>

namespace keelson::container {
namespace {

std::vector<std::string> entries_of(const std::string& directory) {
    std::vector<std::string> names;
    DIR* open = ::opendir(directory.c_str());
    if (open == nullptr) return names;
    while (const dirent* entry = ::readdir(open)) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(open);
    return names;
}

/// The journal says all that undoing needs; a configuration that was broken since must not keep leftovers alive.
config::Config readable_config(Container& container) {
    try {
        return container.config();
    } catch (const Error& error) {
        base::log_warn(cat(error.what(), "; its leftovers are removed without it"));
        return config::Config(plugins::PluginHost::instance());
    }
}

process::IdMap readable_idmap(const config::Config& config) {
    try {
        return process::IdMap::from(config);
    } catch (const Error&) {
        return {};
    }
}

}  // namespace

bool Container::recover() {
    std::optional<lifecycle::Journal> journal = lifecycle::Journal::of_the_dead(config::runtime_directory(lxcpath_, name_));
    if (!journal) return false;
    const config::Config config = readable_config(*this);
    const Facts facts(name_, lxcpath_, readable_idmap(config));
    const std::vector<Error> failures = lifecycle::unwind(*journal, undo_with(facts, config, *journal, nullptr));
    if (!failures.empty()) {
        Error first = failures.front();
        throw first.suggest(
            cat("see to the cause, then run keelson recover; the journal is ", journal->directory(), "/journal"));
    }
    journal->close();
    return true;
}

std::vector<std::string> recover_all() {
    std::vector<std::string> recovered;
    const std::string top = config::run_directory() + "/keelson";
    for (const std::string& lxcpath : entries_of(top)) {
        for (const std::string& name : entries_of(top + "/" + lxcpath)) {
            const std::string directory = cat(top, "/", lxcpath, "/", name);
            std::optional<lifecycle::Journal> journal = lifecycle::Journal::of_the_dead(directory);
            if (!journal || journal->name().empty()) continue;
            Container container(journal->name(), journal->lxcpath());
            journal.reset();
            if (container.recover()) recovered.push_back(cat(container.lxcpath(), " ", container.name()));
        }
    }
    return recovered;
}

}  // namespace keelson::container
