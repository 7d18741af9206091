// A container that is none: what a plugin is told about, with its settings, journal and namespaces.
#pragma once

#include <conformance/journal.hpp>
#include <conformance/options.hpp>
#include <keelson/abi/descriptor.hpp>
#include <keelson/sdk/context.hpp>

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace keelson::conformance {

/// Answers with the options' settings, else with the declared defaults.
class TestSettings final : public abi::Settings {
public:
    TestSettings(std::vector<std::pair<std::string, std::string>> values, std::vector<abi::Key> keys);
    uint64_t count(abi::StringView key) const noexcept override;
    abi::StringView value(abi::StringView key, uint64_t index) const noexcept override;

private:
    std::vector<std::pair<std::string, std::string>> values_;
    std::vector<abi::Key> keys_;
};

/// Lines go nowhere but into memory: for a check that fails.
class TestLog final : public abi::Log {
public:
    void write(abi::LogLevel level, abi::StringView message) noexcept override;
    std::string warnings;
};

/// A process in namespaces of its own, killed when this goes out of scope.
class Inside {
public:
    Inside();
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    const abi::NamespaceFds* fds() const noexcept { return &raw_; }

private:
    pid_t process_ = -1;
    UniqueFd mount_, net_;
    abi::NamespaceFds raw_{};
};

class TestContainer {
public:
    /// Directories are made below `directory`.
    TestContainer(std::string name, const std::string& directory, std::vector<std::pair<std::string, std::string>> settings,
                  std::vector<abi::Key> keys);

    const std::string& name() const noexcept { return name_; }
    const std::string& directory() const noexcept { return directory_; }
    Journal& journal() noexcept { return journal_; }
    TestLog& log() noexcept { return log_; }
    const abi::Context* context() noexcept { return &context_; }
    /// Made at the first call.
    const abi::NamespaceFds* namespaces();

private:
    std::string name_, lxcpath_, directory_, runtime_;
    TestSettings settings_;
    Journal journal_;
    TestLog log_;
    std::optional<Inside> inside_;
    abi::ContainerFacts facts_{};
    abi::Context context_{};
};

}  // namespace keelson::conformance
