// Sections of an ELF file, read by descriptor and never mapped or run (elf(5)).
#pragma once

#include <elf.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::plugins {

class ElfSections {
public:
    /// `fd` is borrowed and has to stay open. Throws Error with `path` as object: no ELF shared object, one for another
    /// machine, or a damaged one.
    ElfSections(int fd, std::string path);

    /// The bytes of a section; none if there is no such section.
    std::optional<std::string> read(std::string_view name) const;

private:
    std::string bytes(uint64_t offset, uint64_t size) const;

    int fd_;
    std::string path_;
    std::vector<Elf64_Shdr> headers_;
    std::string names_;
};

}  // namespace keelson::plugins
