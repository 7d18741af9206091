// The two ELF sections that say what a plugin is.
#pragma once

#include <kernel/plugins/plugin_host.hpp>

#include <string>
#include <string_view>

namespace keelson::plugins {

struct SectionsView {
    std::string_view descriptor, keys;
};

struct Sections {
    std::string descriptor, keys;
    operator SectionsView() const noexcept { return {descriptor, keys}; }
};

/// `fd` is borrowed. Throws: not an ELF shared object for this machine, damaged, no descriptor.
Sections read_sections(int fd, const std::string& path);

/// Checks every field. Throws.
PluginFile describe(const SectionsView& sections, const std::string& path);

}  // namespace keelson::plugins
