// What one check has to work with: the loaded plugin, containers, and a look at the host.
#pragma once

#include <conformance/options.hpp>
#include <conformance/snapshot.hpp>
#include <conformance/test_container.hpp>
#include <keelson/abi/descriptor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace keelson::conformance {

/// The plugin does not do what its kind promises.
struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// It does, but not well.
struct Warning : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// The check cannot be made here, or not of this plugin.
struct Skipped : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Bench {
public:
    /// Loads and opens the plugin in this process. Throws Failure.
    Bench(const Options& options, std::string directory, std::string mark);

    const Options& options() const noexcept { return options_; }
    const std::string& directory() const noexcept { return directory_; }
    const abi::PluginDescriptor& descriptor() const noexcept { return *descriptor_; }
    const std::vector<abi::Key>& keys() const noexcept { return keys_; }
    /// The first signal at which something else happens since the plugin is open; 0: none.
    int changed_signal() const noexcept { return changed_signal_; }
    template <typename Interface>
    Interface& as() const noexcept {
        return *static_cast<Interface*>(interface_);
    }
    abi::Plugin& plugin() const noexcept { return as<abi::Plugin>(); }

    /// The n-th container, with its namespaces; `more` settings come before the options'.
    TestContainer& container(unsigned number = 0, std::vector<std::pair<std::string, std::string>> more = {});
    std::string with_directory(std::string text) const;

    Snapshot snapshot() const { return take_snapshot(mark_, directory_); }
    /// Waits a little for what the kernel does later (links of a dead namespace); then throws Failure.
    void expect_unchanged(const Snapshot& before, const std::string& after_what) const;

    /// Undoes all records of the container, newest first. Throws Failure.
    void undo(TestContainer& container, bool with_namespaces = true);

private:
    const Options& options_;
    std::string directory_, mark_;
    const abi::PluginDescriptor* descriptor_ = nullptr;
    void* interface_ = nullptr;
    std::vector<abi::Key> keys_;
    int changed_signal_ = 0;
    std::map<unsigned, std::unique_ptr<TestContainer>> containers_;
};

/// Calls the plugin; a failed status becomes keelson::Error, which says what was called.
void must(const char* call, const std::function<abi::Status(abi::ErrorSink*)>& body);
/// The error that a call has to fail with; throws Failure if it succeeds.
Error must_fail(const std::string& call, const std::function<void()>& body);
/// "words (hint)".
std::string in_full(const Error& error);

std::string replaced(std::string text, std::string_view word, std::string_view value);

/// Runs `body` in a child process; gives its wait status. What it throws becomes exit status 1 and `*words`; Skipped goes on.
int in_child(const std::function<void()>& body, std::string* words = nullptr);

}  // namespace keelson::conformance
