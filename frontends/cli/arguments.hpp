// Values of options that several verbs share.
#pragma once

#include <frontends/cli/verb.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keelson::cli {

/// All throw UsageError with the option's name.
int64_t parse_integer(const std::string& option, const std::string& text);
uint32_t parse_id(const std::string& option, const std::string& text);
/// "MOUNT|PID" or "mnt|pid", any case, to CLONE_NEW* bits.
uint64_t parse_namespaces(const std::string& text);
/// "1G": units bBkKmMgGtT, megabytes without one.
uint64_t parse_bytes(const std::string& option, const std::string& text);
std::vector<monitor::State> parse_states(const std::string& text);

/// Relative paths mean the caller's directory; the monitor's is another.
std::string absolute(const std::string& path);

/// -s KEY=VALUE, for this run only. Then the others of the options that stand for keys.
void apply_definitions(const Options& options, config::Config& config);
/// --share-net and its like.
void apply_shares(const Options& options, config::Config& config);

/// False with a complaint: a caller without the right to read the directory of containers.
bool may_use_path(const Invocation& invocation);

}  // namespace keelson::cli
