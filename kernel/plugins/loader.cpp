#include <kernel/plugins/crash_guard.hpp>
#include <kernel/plugins/loader.hpp>

#include <dlfcn.h>

#include <cstring>
#include <deque>
#include <string>

namespace keelson::plugins {
namespace {

/// The descriptor of an object stays open with it: "/proc/self/fd/N" is the name by which the dynamic loader knows the object,
/// and a name that came again would give the wrong one. Objects are never unloaded: pointers into them are everywhere.
int keep(UniqueFd fd) {
    static auto& all = *new std::deque<UniqueFd>;
    return all.emplace_back(std::move(fd)).get();
}

/// Turns dlerror(3)'s text, "OBJECT: words", into words about the plugin.
Error not_loadable(std::string_view text, const std::string& object, const std::string& path) {
    if (text.starts_with(object + ": ")) text.remove_prefix(object.size() + 2);
    constexpr std::string_view undefined = "undefined symbol: ", missing = ": cannot open shared object file";
    if (text.starts_with(undefined))
        return {0, path, cat("undefined symbol ", text.substr(undefined.size()), " in"),
                "link what defines it (LIBRARIES of keelson_add_plugin); Keelson itself offers plugins no symbols"};
    if (const size_t end = text.find(missing); end != std::string_view::npos)
        return {0, path, cat("library ", text.substr(0, end), " is missing, needed by"), "install the package that has it"};
    if (text.find("failed to map segment") != std::string_view::npos)
        return {0, path, cat(text, ":"), "is it on a filesystem that is mounted noexec?"};
    return {0, path, cat(text, ":")};
}

/// What is done under the crash guard, and what came of it.
struct Attempt {
    std::string object;
    const PluginFile& file;
    std::string loader_error;
    bool opened = false;
    void* interface = nullptr;
    sdk::ErrorCollector errors;

    void run() {
        void* const library = ::dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            loader_error = ::dlerror();
            return;
        }
        const auto* descriptor = static_cast<const abi::PluginDescriptor*>(::dlsym(library, KEELSON_PLUGIN_SYMBOL));
        opened = descriptor && file.kind == descriptor->kind && file.name == descriptor->name && descriptor->open;
        if (opened) interface = descriptor->open(&errors);
    }
};

Error crash(int signal, const std::string& path) {
    const char* name = ::sigabbrev_np(signal);
    return {0, path, cat("crashed while it was loaded (SIG", name ? name : "?", "):"),
            cat("remove or mend the plugin; keelson plugin check ", path, " tries it in a process of its own")};
}

}  // namespace

void* load_object(UniqueFd fd, const PluginFile& file, bool* crashed) {
    Attempt attempt{cat("/proc/self/fd/", keep(std::move(fd))), file, {}, false, nullptr, {}};
    const int signal = signal_while([](void* argument) { static_cast<Attempt*>(argument)->run(); }, &attempt);
    if (signal != 0) {
        *crashed = true;
        throw crash(signal, file.path);
    }
    if (!attempt.loader_error.empty()) throw not_loadable(attempt.loader_error, attempt.object, file.path);
    if (!attempt.opened)
        throw Error(0, file.path, "the symbol " KEELSON_PLUGIN_SYMBOL " is not what the file's descriptor says in",
                    "declare the plugin with KEELSON_NETWORK or its like and build it with keelson_add_plugin()");
    if (attempt.interface) return attempt.interface;
    if (attempt.errors.failure()) throw Error(*attempt.errors.failure()).at(cat("opening plugin ", file.path));
    throw Error(0, file.path,
                "opened to nothing, without giving a reason:", "the plugin's open() has to return an object or report why not");
}

}  // namespace keelson::plugins
