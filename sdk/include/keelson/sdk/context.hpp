// What a plugin's methods get: the container, the configuration, the journal and the log, with std::string.
#pragma once

#include <keelson/abi/base.hpp>
#include <keelson/sdk/error.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keelson::sdk {

inline abi::StringView to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view from_abi(abi::StringView text) noexcept { return {text.data, text.size}; }

/// Collects what the other side reports; turns a failed status into an Error.
class ErrorCollector final : public abi::ErrorSink {
public:
    void fail(abi::Status error, abi::StringView object, abi::StringView message, abi::StringView hint) noexcept override try {
        failure_.emplace(error, std::string(from_abi(object)), std::string(from_abi(message)), std::string(from_abi(hint)));
    } catch (...) {
        failure_.reset();
    }
    void check(abi::Status status) {
        if (status == 0) return;
        throw failure_ ? *failure_ : Error(status, {}, "failed without a word");
    }
    /// The last report, if there was one.
    const std::optional<Error>& failure() const noexcept { return failure_; }

private:
    std::optional<Error> failure_;
};

/// Reports an Error to the other side; for catch blocks at the boundary.
inline abi::Status report(abi::ErrorSink* sink, const Error& error) noexcept {
    const abi::Status status = error.code() != 0 ? error.code() : EINVAL;
    sink->fail(error.code(), to_abi(error.object()), to_abi(error.message()), to_abi(error.hint()));
    return status;
}

/// Runs `body` and lets nothing through but a status.
template <typename Body>
abi::Status guard(abi::ErrorSink* sink, Body&& body) noexcept {
    try {
        body();
        return 0;
    } catch (const Error& error) {
        return report(sink, error);
    } catch (const std::exception& error) {
        sink->fail(0, {}, to_abi(error.what()), {});
        return EINVAL;
    } catch (...) {
        sink->fail(0, {}, to_abi("an exception of an unknown type"), {});
        return EINVAL;
    }
}

/// Takes one string from the other side.
class StringCollector final : public abi::StringSink {
public:
    void add(abi::StringView text) noexcept override try { strings_.emplace_back(from_abi(text)); } catch (...) {
    }
    const std::vector<std::string>& all() const noexcept { return strings_; }
    std::string first() const { return strings_.empty() ? std::string() : strings_.front(); }

private:
    std::vector<std::string> strings_;
};

/// A container as its plugins see it. Valid for the call.
class Context {
public:
    explicit Context(const abi::Context& raw) noexcept : raw_(raw) {}

    std::string name() const { return std::string(from_abi(raw_.container->name)); }
    std::string lxcpath() const { return std::string(from_abi(raw_.container->lxcpath)); }
    std::string directory() const { return std::string(from_abi(raw_.container->directory)); }
    std::string runtime_directory() const { return std::string(from_abi(raw_.container->runtime_directory)); }
    uint32_t root_uid() const noexcept { return raw_.container->root_uid; }
    uint32_t root_gid() const noexcept { return raw_.container->root_gid; }
    std::span<const abi::IdRange> id_ranges() const noexcept {
        return {raw_.container->id_ranges, raw_.container->id_range_count};
    }
    /// An ordinary user started it: the host side has no privileges over the host's links, devices and cgroups.
    bool by_ordinary_user() const noexcept { return raw_.container->ordinary_user != 0; }
    bool has_user_namespace() const noexcept { return raw_.container->id_range_count != 0; }

    bool is_set(std::string_view key) const noexcept { return raw_.settings->count(to_abi(key)) != 0; }
    /// The value or, when unset, the declared default.
    std::string value(std::string_view key) const { return std::string(from_abi(raw_.settings->value(to_abi(key), 0))); }
    std::vector<std::string> list(std::string_view key) const {
        std::vector<std::string> values(raw_.settings->count(to_abi(key)));
        for (uint64_t i = 0; i < values.size(); ++i) values[i] = from_abi(raw_.settings->value(to_abi(key), i));
        return values;
    }
    /// The lines of a family in file order, as sub-key and value: family("lxc.cgroup2.") gives {"memory.max", "1G"}.
    std::vector<std::pair<std::string, std::string>> family(std::string_view prefix) const {
        std::vector<std::pair<std::string, std::string>> lines;
        for (const std::string& line : list(prefix)) {
            const size_t equals = line.find('=');
            lines.emplace_back(line.substr(0, equals), equals == std::string::npos ? std::string() : line.substr(equals + 1));
        }
        return lines;
    }

    /// [host] Writes a record before the change that it undoes; the number is for `complete`.
    uint64_t intend(std::string_view record) const {
        uint64_t id = 0;
        ErrorCollector errors;
        errors.check(raw_.records->intend(to_abi(record), &id, &errors));
        return id;
    }
    /// [host] The change is made. `record`, if not empty, replaces the intent's text.
    void complete(uint64_t id, std::string_view record = {}) const {
        ErrorCollector errors;
        errors.check(raw_.records->complete(id, to_abi(record), &errors));
    }

    void log(abi::LogLevel level, std::string_view message) const noexcept { raw_.log->write(level, to_abi(message)); }
    void warn(std::string_view message) const noexcept { log(abi::LogLevel::warn, message); }
    void debug(std::string_view message) const noexcept { log(abi::LogLevel::debug, message); }

    const abi::Context& raw() const noexcept { return raw_; }

private:
    const abi::Context& raw_;
};

/// Namespaces of a container; -1 where it has none of its own or they are gone. All borrowed.
class Namespaces {
public:
    explicit Namespaces(const abi::NamespaceFds* raw) noexcept : raw_(raw) {}
    int pid_of_init() const noexcept { return raw_ ? raw_->pid_of_init : -1; }
    int user() const noexcept { return raw_ ? raw_->user_borrowed : -1; }
    int mount() const noexcept { return raw_ ? raw_->mount_borrowed : -1; }
    int net() const noexcept { return raw_ ? raw_->net_borrowed : -1; }
    int pid() const noexcept { return raw_ ? raw_->pid_borrowed : -1; }

private:
    const abi::NamespaceFds* raw_;
};

}  // namespace keelson::sdk
