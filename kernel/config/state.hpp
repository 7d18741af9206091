// What a Config holds and how one line changes it.
#pragma once

#include <kernel/config/config.hpp>
#include <kernel/config/config_text.hpp>

namespace keelson::config {

struct Config::State {
    explicit State(KeySource& source) : plugins(source) {}

    /// Throws Error with the key as object. Returns what became of the value; valid until the next call.
    const std::vector<std::string>& apply(std::string_view name, std::string_view value, const Origin& origin);

    /// A text of so many bytes is going to be read.
    void expect(size_t bytes);
    const Entry* find(std::string_view key) const;
    void erase(std::string_view key);
    void erase_prefix(std::string_view prefix);
    /// Type of the device that the key is about; empty for other keys.
    std::string device_type(std::string_view key) const;
    bool has_device(std::string_view prefix) const;

    KeySource& plugins;
    std::vector<Entry> entries;
    ConfigText text;
    std::string path;

private:
    void clear(const std::string& name, const Origin& origin);
    void clear_declared(const std::string& name, const abi::Key& key, const Origin& origin);
    bool clear_group(const std::string& name);
    void begin_device(const std::string& name, const Origin& origin);
    void check_exclusive(const std::string& name) const;
    void store(const abi::Key* key, const std::string& name, const std::string& value, const Origin& origin);
    void make_room(const abi::Key& key, const std::string& name, const std::string& value);

    std::vector<std::string> values_;
};

/// May the line stand although no plugin declares its key? Only if it asks for nothing: `lxc.NAME.* = unconfined`, 0 or empty,
/// where there is no security plugin NAME and no other was probably meant.
bool is_neutral(std::string_view name, std::string_view value, KeySource& plugins);

}  // namespace keelson::config
