// From what a line says to the value that is kept: checked and brought to one form, by the type of the key.
#pragma once

#include <kernel/config/config.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::config {

/// Appends the value, or each of the values for a list of words, to `out`. `name` is the key in full. `raw` is not empty.
/// Throws Error with `name` as object.
void normalise(const abi::Key& key, std::string_view name, std::string_view raw, KeySource& plugins,
               std::vector<std::string>& out);

/// No doubled slashes, no "/./", no leading "./", no slash at the end; ".." stays.
std::string simplify_path(std::string_view path);

/// Number of a signal: any number, or SIGNAME in any case, SIGRTMIN+N, SIGRTMAX-N (signal(7)).
std::optional<int> parse_signal(std::string_view text);

/// A file name of a plugin: letters, digits, '-' and '_'. Nothing else is ever asked for.
bool is_plugin_name(std::string_view name) noexcept;

/// One offset of lxc.time.offset.*; only one of both is given by a line.
struct Duration {
    std::optional<int64_t> seconds, nanoseconds;
};
/// "10h", "5 s", "3ms"; no value for anything else, an overflow included.
std::optional<Duration> parse_duration(std::string_view text);

/// TYPE of a TYPE:PATH where such a storage plugin exists, else empty.
std::string_view storage_prefix(std::string_view source, KeySource& plugins);

/// Reports that `raw` is not what the key wants.
[[noreturn]] void refuse(const abi::Key& key, std::string_view name, std::string_view raw, std::string hint = {});

std::string lower(std::string_view text);
/// Is `wanted` one of the words between single blanks?
bool has_word(std::string_view list, std::string_view wanted);

namespace numeric {
std::string boolean(const abi::Key& key, std::string_view name, std::string_view raw);
std::string number(const abi::Key& key, std::string_view name, std::string_view raw);
std::string integer(const abi::Key& key, std::string_view name, std::string_view raw);
std::string size(const abi::Key& key, std::string_view name, std::string_view raw);
std::string console_size(const abi::Key& key, std::string_view name, std::string_view raw);
std::string tmpfs_size(const abi::Key& key, std::string_view raw);
std::string signal(const abi::Key& key, std::string_view name, std::string_view raw);
std::string duration(const abi::Key& key, std::string_view name, std::string_view raw);
std::string limit(const abi::Key& key, std::string_view name, std::string_view raw);
void group_ids(const abi::Key& key, std::string_view name, std::string_view raw, std::vector<std::string>& out);
}  // namespace numeric

namespace network {
std::string address4(const abi::Key& key, std::string_view name, std::string_view raw);
std::string address6(const abi::Key& key, std::string_view name, std::string_view raw);
std::string gateway(const abi::Key& key, std::string_view name, std::string_view raw);
/// Draws the placeholders.
std::string hardware_address(std::string_view raw);
/// Throws when there is no such plugin, with the names there are.
std::string type(std::string_view name, std::string_view raw, KeySource& plugins);
}  // namespace network

}  // namespace keelson::config
