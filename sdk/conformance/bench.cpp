#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include <conformance/bench.hpp>
#include <keelson/sdk/elf_sections.hpp>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

namespace keelson::conformance {
namespace {

/// Exit status of a child whose body was skipped.
constexpr int skipped = 77;

std::vector<abi::Key> read_keys(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw Error::last("open", path);
    const std::string bytes = sdk::ElfSections(file.get(), path).read(KEELSON_KEYS_SECTION).value_or("");
    std::vector<abi::Key> keys(bytes.size() / sizeof(abi::Key));
    if (!keys.empty()) std::memcpy(keys.data(), bytes.data(), keys.size() * sizeof(abi::Key));
    return keys;
}

/// What happens at each signal, by its number; the handler's address stands for it.
std::vector<sighandler_t> signal_actions() {
    std::vector<sighandler_t> actions(static_cast<size_t>(SIGRTMAX));
    for (int signal = 1; signal < SIGRTMAX; ++signal) {
        struct sigaction now {};
        if (::sigaction(signal, nullptr, &now) == 0) actions[static_cast<size_t>(signal)] = now.sa_handler;
    }
    return actions;
}

/// Loads the plugin for good: the process ends with the check.
const abi::PluginDescriptor& load(const std::string& path) {
    static boost::dll::shared_library& library = *new boost::dll::shared_library;
    std::error_code failed;
    library.load(path, failed, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    const char* words = failed ? ::dlerror() : nullptr;
    if (failed) throw Failure(cat("does not load: ", words ? words : failed.message()));
    if (!library.has(KEELSON_PLUGIN_SYMBOL)) throw Failure("exports no symbol " KEELSON_PLUGIN_SYMBOL);
    return library.get<const abi::PluginDescriptor>(KEELSON_PLUGIN_SYMBOL);
}

}  // namespace

Bench::Bench(const Options& options, std::string directory, std::string mark)
    : options_(options), directory_(std::move(directory)), mark_(std::move(mark)) {
    const std::vector<sighandler_t> actions = signal_actions();
    descriptor_ = &load(options.file);
    if (descriptor_->magic != abi::plugin_magic || descriptor_->abi_major != KEELSON_ABI_MAJOR)
        throw Failure(cat("was built for plugin interface ", descriptor_->abi_major, ".", descriptor_->abi_minor,
                          ", this kit checks ", KEELSON_ABI_MAJOR, ".", KEELSON_ABI_MINOR));
    keys_ = read_keys(options.file);
    sdk::ErrorCollector errors;
    interface_ = descriptor_->open ? descriptor_->open(&errors) : nullptr;
    if (!interface_) throw Failure(errors.failure() ? cat("does not open: ", in_full(*errors.failure())) : "opens to nothing");
    changed_signal_ = static_cast<int>(std::ranges::mismatch(actions, signal_actions()).in1 - actions.begin());
    if (changed_signal_ == SIGRTMAX) changed_signal_ = 0;
}

std::string Bench::with_directory(std::string text) const { return replaced(std::move(text), "@dir@", directory_); }

TestContainer& Bench::container(unsigned number, std::vector<std::pair<std::string, std::string>> more) {
    auto& found = containers_[number];
    if (found) return *found;
    for (const auto& [key, value] : options_.settings)
        more.emplace_back(key, replaced(with_directory(value), "@n@", std::to_string(number)));
    found = std::make_unique<TestContainer>(cat(mark_, "-", number), directory_, std::move(more), keys_);
    found->namespaces();
    return *found;
}

void Bench::expect_unchanged(const Snapshot& before, const std::string& after_what) const {
    std::string changed;
    for (int tries = 0; tries < 100; ++tries) {
        changed = difference(before, snapshot());
        if (changed.empty()) return;
        ::usleep(20'000);
    }
    throw Failure(cat("after ", after_what, " ", changed));
}

void Bench::undo(TestContainer& container, bool with_namespaces) {
    std::vector<std::string> records = container.journal().records();
    for (auto record = records.rbegin(); record != records.rend(); ++record) try {
            must("undo", [&](abi::ErrorSink* error) {
                return plugin().undo(container.context(), sdk::to_abi(*record),
                                     with_namespaces ? container.namespaces() : nullptr, error);
            });
        } catch (const Error& error) {
            throw Failure(cat("the record '", *record, "' cannot be undone: ", in_full(error)));
        }
}

std::string replaced(std::string text, std::string_view word, std::string_view value) {
    for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += value.size())
        text.replace(at, word.size(), value);
    return text;
}

void must(const char* call, const std::function<abi::Status(abi::ErrorSink*)>& body) {
    sdk::ErrorCollector errors;
    const abi::Status status = body(&errors);
    if (status != 0 && !errors.failure()) throw Failure(cat(call, " failed with status ", status, " and without a word"));
    try {
        errors.check(status);
    } catch (Error& error) {
        throw error.at(call);
    }
}

Error must_fail(const std::string& call, const std::function<void()>& body) {
    try {
        body();
    } catch (const Error& error) {
        return error;
    }
    throw Failure(cat(call, " succeeds"));
}

std::string in_full(const Error& error) {
    std::string text;
    for (const std::string& place : error.where()) text += place + ": ";
    return cat(text, error.what(), error.hint().empty() ? "" : cat(" (", error.hint(), ")"));
}

int in_child(const std::function<void()>& body, std::string* words) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error::last("make", "a pipe");
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) throw Error::last("fork", "a child");
    if (child == 0) {
        std::string said;
        int result = 0;
        try {
            body();
        } catch (const Skipped& reason) {
            said = reason.what();
            result = skipped;
        } catch (const Error& error) {
            said = in_full(error);
            result = 1;
        } catch (const std::exception& error) {
            said = error.what();
            result = 1;
        }
        ::_exit(::write(ends[1], said.data(), said.size()) < 0 ? 2 : result);
    }
    writing.reset();
    char text[4096];
    const ssize_t got = ::read(reading.get(), text, sizeof text);
    const std::string said(text, got > 0 ? static_cast<size_t>(got) : 0);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == skipped) throw Skipped(said);
    if (words) *words = said;
    return status;
}

}  // namespace keelson::conformance
