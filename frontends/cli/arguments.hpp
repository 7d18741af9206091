// Values of options that several verbs share.
#pragma once

#include <frontends/cli/verb.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keelson::cli {

/// A verb's own options, then those that it has in common with others.
template <size_t own, size_t more>
constexpr std::array<Option, own + more> joined(const Option (&first)[own], const Option (&second)[more]) {
    std::array<Option, own + more> all;
    for (size_t i = 0; i < own; ++i) all[i] = first[i];
    for (size_t i = 0; i < more; ++i) all[own + i] = second[i];
    return all;
}

/// All throw UsageError with the option's name.
int64_t parse_integer(const std::string& option, const std::string& text);
uint32_t parse_id(const std::string& option, const std::string& text);
/// "MOUNT|PID" or "mnt|pid", any case, to CLONE_NEW* bits.
uint64_t parse_namespaces(const std::string& text);
/// "1G": units bBkKmMgGtT, megabytes without one.
uint64_t parse_bytes(const std::string& option, const std::string& text);
std::vector<monitor::State> parse_states(const std::string& text);

/// None: for ever, below zero. More than clocks can count is as long as it makes no difference.
std::optional<std::chrono::seconds> patience(int64_t seconds);

/// Relative paths mean the caller's directory; the monitor's is another.
std::string absolute(const std::string& path);
/// The same, with one name for one directory as far as a text tells. Links and ".." stay what they are.
std::string clean_path(const std::string& path);

/// -s KEY=VALUE, for this run only. Then the others of the options that stand for keys.
void apply_definitions(const Options& options, config::Config& config);

/// For a start in namespaces of others. Then the keys that they stand for.
inline constexpr Option share_options[] = {
    {0, "share-net", "NAME|PID", "Share a namespace with a container or process"},
    {0, "share-ipc", "NAME|PID", nullptr},
    {0, "share-uts", "NAME|PID", nullptr},
    {0, "share-pid", "NAME|PID", nullptr},
};
void apply_shares(const Options& options, config::Config& config);

/// False with a complaint: a caller without the right to read the directory of containers.
bool may_use_path(const Invocation& invocation);

}  // namespace keelson::cli
