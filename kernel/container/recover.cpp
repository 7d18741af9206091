#include <kernel/base/error.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/config/global.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/undo.hpp>
#include <kernel/process/user_privilege.hpp>

#include <algorithm>

namespace keelson::container {
namespace {

/// The journal says all that undoing needs; a configuration that was broken since must not keep leftovers alive.
config::Config readable_config(Container& container) {
    try {
        return container.config();
    } catch (const Error& error) {
        base::log_warn(cat(error.what(), "; its leftovers are removed without it"));
        return config::Config(plugins::PluginHost::instance());
    }
}

/// Files of a container that was being made may be its own users'.
bool made_files(const lifecycle::Journal& journal) {
    return std::ranges::any_of(journal.open_records(), [](const lifecycle::Record& record) {
        return record.kind == "storage" || record.plugin == "tree" || record.plugin == "file";
    });
}

/// Before an ordinary user enters the user namespace, in which root's files cannot be told from anybody's.
void load_plugins_of(const lifecycle::Journal& journal) {
    for (const lifecycle::Record& record : journal.open_records()) try {
            if (record.kind != "kernel") plugins::PluginHost::instance().load(record.kind, record.plugin);
        } catch (const Error&) {
            // The record's undo will tell.
        }
}

process::IdMap readable_idmap(const config::Config& config) {
    try {
        return process::IdMap::from(config);
    } catch (const Error&) {
        return {};
    }
}

void take_back_all(Container& container, lifecycle::Journal& journal) {
    const config::Config config = readable_config(container);
    const Facts facts(container.name(), container.lxcpath(), readable_idmap(config));
    const auto unwind = [&] {
        const std::vector<Error> failures = undo_all(journal, facts, config);
        if (failures.empty()) return;
        Error first = failures.front();
        throw first.suggest(
            cat("see to the cause, then run keelson recover; the journal is ", journal.directory(), "/journal"));
    };
    if (process::is_ordinary_user() && made_files(journal)) {
        load_plugins_of(journal);
        process::with_user_privilege(facts.idmap().or_granted(), unwind);
    } else {
        unwind();
    }
}

/// "LXCPATH NAME"; empty when there is nothing to take back.
std::string recover_one(const std::string& runtime_directory) {
    std::optional<lifecycle::Journal> journal = lifecycle::Journal::of_the_dead(runtime_directory);
    if (!journal) return {};
    // Who died before the first line had changed nothing.
    if (journal->name().empty()) return journal->close(), std::string();
    Container container(journal->name(), journal->lxcpath());
    take_back_all(container, *journal);
    return cat(container.lxcpath(), " ", container.name());
}

}  // namespace

bool Container::recover(std::chrono::milliseconds patience) {
    std::optional<lifecycle::Journal> journal =
        lifecycle::Journal::of_the_dead(config::runtime_directory(lxcpath_, name_), patience);
    if (journal) take_back_all(*this, *journal);
    return journal.has_value();
}

void Container::settle() { recover(std::chrono::seconds(30)); }

Recovered recover_all() {
    Recovered result;
    const std::string top = config::run_directory() + "/keelson";
    for (const std::string& lxcpath : base::names_in(top)) {
        for (const std::string& name : base::names_in(top + "/" + lxcpath)) try {
                std::string one = recover_one(cat(top, "/", lxcpath, "/", name));
                if (!one.empty()) result.containers.push_back(std::move(one));
            } catch (const std::exception& error) {
                result.failures.push_back(base::as_error(error));
            }
    }
    return result;
}

}  // namespace keelson::container
