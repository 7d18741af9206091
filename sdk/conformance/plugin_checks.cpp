// Checks of the object itself: what it exports and what it does to the process that loads it.
#include <conformance/check.hpp>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/library_info.hpp>

#include <fstream>
#include <set>

namespace keelson::conformance {
namespace {

void opens(Bench&) {}

void exports(Bench& bench) {
    boost::dll::library_info info(std::filesystem::path(bench.options().file), false);
    std::string others;
    for (const std::string& symbol : info.symbols())
        if (symbol != KEELSON_PLUGIN_SYMBOL) others += cat(others.empty() ? "" : ", ", symbol);
    if (!others.empty())
        throw Warning(cat("exports more than " KEELSON_PLUGIN_SYMBOL ", which can meet other plugins': ", others));
}

void unknown_interface(Bench& bench) {
    if (bench.plugin().interface(sdk::to_abi("keelson.conformance.no-such-interface/1")))
        throw Failure("gives an interface for a name that nobody knows");
    if (bench.plugin().interface({nullptr, 0})) throw Failure("gives an interface for an empty name");
}

void check_key(const abi::Key& key, std::set<std::string>& seen) {
    if (!seen.insert(key.name).second) throw Failure(cat("declares the key '", key.name, "' twice"));
    if (!*key.help) throw Warning(cat("key '", key.name, "' has no help"));
    if (key.type == abi::KeyType::choice && !*key.choices) throw Failure(cat("key '", key.name, "' is a choice of nothing"));
    if (key.type != abi::KeyType::choice || !*key.fallback) return;
    if (cat(" ", key.choices, " ").find(cat(" ", key.fallback, " ")) == std::string::npos)
        throw Failure(cat("the default of the key '", key.name, "' is none of its choices"));
}

void keys(Bench& bench) {
    std::set<std::string> seen;
    for (const abi::Key& key : bench.keys()) check_key(key, seen);
}

void texts(Bench& bench) {
    const abi::PluginDescriptor& about = bench.descriptor();
    if (!*about.version || !*about.summary || !*about.licence)
        throw Warning("the descriptor lacks a version, a summary or a licence");
}

/// The monitor is single-threaded and forks: a thread of a plugin would be lost, with the locks that it holds.
void threads(Bench&) {
    std::ifstream in("/proc/self/status");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("Threads:") && line != "Threads:\t1") throw Failure("starts a thread when it is opened");
}

void signals(Bench& bench) {
    if (bench.changed_signal() != 0)
        throw Failure(cat("changes what happens at signal ", bench.changed_signal(), " when it is opened"));
}

constexpr Check table[] = {
    {"plugin.opens", "", "it loads and opens", opens},
    {"plugin.exports", "", "nothing is exported but the descriptor", exports},
    {"plugin.texts", "", "the descriptor says what it is", texts},
    {"plugin.keys", "", "keys are complete and make sense", keys},
    {"plugin.unknown-interface", "", "an optional interface that it does not have is null", unknown_interface},
    {"plugin.threads", "", "no thread is started by opening", threads},
    {"plugin.signals", "", "no signal is caught or ignored by opening", signals},
};

}  // namespace

std::span<const Check> plugin_checks() { return table; }

}  // namespace keelson::conformance
