// A container's configuration: what was read, checked against the declared keys, and how it is saved.
//
// Grammar, keys and errors: LXC's lxc.container.conf(5). The text of the file is kept line by line, so that comments and order
// survive a change; values from included files are in effect but not part of the text.
#pragma once

#include <keelson/abi/base.hpp>
#include <keelson/abi/descriptor.hpp>
#include <keelson/sdk/error.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::config {

/// Where a value came from, for errors.
struct Origin {
    std::string file;
    unsigned line = 0;
};

struct Entry {
    std::string key;    ///< in full: "lxc.net.0.veth.pair"
    std::string value;  ///< without quotes, normalised as the key's type says
    Origin origin;
    /// Null for a value that asks nothing of a plugin that is not installed. Valid as long as the KeySource.
    const abi::Key* declared = nullptr;
};

/// Finds the declaration of a key. The kernel's own table (kernel_keys.cpp) is always searched first; keys of plugins
/// are asked for by owner, so that nothing is loaded: (kind, name) -> the keys in that plugin's file.
class KeySource {
public:
    virtual ~KeySource() = default;
    /// Null when there is no such plugin. Valid as long as the source.
    virtual const std::vector<abi::Key>* keys_of(std::string_view kind, std::string_view name) = 0;
    virtual std::vector<std::string> names(std::string_view kind) = 0;
};

class Config {
public:
    explicit Config(KeySource& plugins);

    /// Reads a file on top of what is there. Throws Error: object "FILE:LINE", message with key, expectation, hint.
    void load(const std::string& path);
    void load_if_there(const std::string& path);  ///< nothing when there is no such file
    /// The text of a file that is not on disk (tests, -s KEY=VALUE lines); `name` for errors.
    void load_text(std::string_view text, const std::string& name);

    /// All that is in effect as a text that, read again, has the same effect: with what included files and `override` said.
    std::string effective_text() const;
    /// Adds to a list or replaces a scalar, in memory and in the text. An empty value clears. Refuses NUL, CR, LF.
    void set(std::string_view key, std::string_view value);
    /// In memory only, for this start (-s, --console).
    void override(std::string_view key, std::string_view value);
    /// Removes the key from memory and text.
    void unset(std::string_view key);

    bool is_set(std::string_view key) const;
    /// Last value; empty if unset. `or_default` also looks at the declaration.
    std::string get(std::string_view key) const;
    std::string get_or_default(std::string_view key) const;
    std::vector<std::string> list(std::string_view key) const;
    /// Entries whose key begins with the prefix, in file order ("lxc.prlimit.", "lxc.net.0."). Of a declared family its members
    /// alone: "lxc.cgroup." gives no lxc.cgroup.dir.
    std::vector<Entry> family(std::string_view prefix) const;
    const std::vector<Entry>& entries() const;
    /// Checked at load, so these do not throw.
    uint64_t number(std::string_view key) const;
    int64_t integer(std::string_view key) const;
    bool flag(std::string_view key) const;
    uint64_t size(std::string_view key) const;
    /// The fallback also for 0, and for a number that is no signal's: as in LXC such a file can be read.
    int signal(std::string_view key, int fallback) const;

    /// Indices of lxc.net.N, ascending.
    std::vector<unsigned> network_devices() const;

    /// As lxc-info -c prints it; throws for an unknown key.
    std::string printed(std::string_view key) const;

    const std::string& path() const;  ///< of the first file loaded; empty if none
    void set_path(std::string path);
    std::string text() const;
    /// Writes text() to `path` (0640) by way of a new file beside it and rename(2). Throws.
    void save(const std::string& path) const;
    void clear();

    KeySource& plugins() const;

    struct State;

private:
    void write_to_text(const std::string& name, const std::string& value);

    std::shared_ptr<State> state_;
};

/// The declaration of a key, or null with a suggestion for a near miss.
struct Lookup {
    const abi::Key* key = nullptr;
    std::string owner;       ///< "kernel" or "lsm apparmor"
    std::string suggestion;  ///< the key that was probably meant
};
Lookup find_key(std::string_view name, KeySource& plugins);

/// abi::Settings over a Config; `prefix` ("lxc.net.0.") is put before each key that a network plugin asks for, unless it is
/// given in full. Values stay valid until the configuration changes.
class SettingsView final : public abi::Settings {
public:
    SettingsView(const Config& config, std::string prefix);
    uint64_t count(abi::StringView key) const noexcept override;
    abi::StringView value(abi::StringView key, uint64_t index) const noexcept override;

private:
    std::string full_name(abi::StringView key) const;
    /// As long as this object, because the caller's view has to be.
    abi::StringView keep(std::string text) const;
    abi::StringView member(const std::string& family, uint64_t index) const;

    const Config& config_;
    std::string prefix_;
    mutable std::deque<std::string> kept_;
};

}  // namespace keelson::config
