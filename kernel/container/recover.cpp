#include <kernel/base/error.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/config/global.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/undo.hpp>
#include <kernel/process/user_privilege.hpp>

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
    return true;
}

namespace {

/// "LXCPATH NAME"; empty when there is nothing to take back.
std::string recover_one(const std::string& runtime_directory) {
    std::optional<lifecycle::Journal> journal = lifecycle::Journal::of_the_dead(runtime_directory);
    if (!journal) return {};
    // Who died before the first line had changed nothing.
    if (journal->name().empty()) return journal->close(), std::string();
    Container container(journal->name(), journal->lxcpath());
    journal.reset();
    return container.recover() ? cat(container.lxcpath(), " ", container.name()) : std::string();
}

}  // namespace

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
