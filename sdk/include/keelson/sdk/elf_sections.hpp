// Sections of an ELF file, read by descriptor and never mapped or run (elf(5)): how a plugin is read before it is trusted.
#pragma once

#include <keelson/sdk/error.hpp>

#include <elf.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The header of this very program; the linker defines it (ld(1), "__ehdr_start").
extern "C" const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

namespace keelson::sdk {
namespace detail {

static_assert(sizeof(void*) == 8, "plugins are read as 64-bit ELF");

/// Far above what a plugin has; keeps a damaged header from asking for all memory.
inline constexpr uint64_t most_sections = 4096;
inline constexpr uint64_t most_bytes = 1 << 20;

inline std::string machine_name(uint16_t machine) {
    switch (machine) {
        case EM_386:
            return "x86";
        case EM_X86_64:
            return "x86-64";
        case EM_ARM:
            return "arm";
        case EM_AARCH64:
            return "aarch64";
        case EM_RISCV:
            return "riscv";
        case EM_PPC64:
            return "ppc64";
        case EM_S390:
            return "s390";
        default:
            return cat("machine ", machine);
    }
}

inline void check_elf_header(const Elf64_Ehdr& header, const std::string& path) {
    const Elf64_Ehdr& own = __ehdr_start;
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        throw Error(0, path, "not an ELF shared object:", "a plugin is a shared object made with keelson_add_plugin()");
    if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] || header.e_ident[EI_DATA] != own.e_ident[EI_DATA] ||
        header.e_machine != own.e_machine)
        throw Error(
            0, path,
            cat("built for ", machine_name(header.e_machine), ", this Keelson runs on ", machine_name(own.e_machine), ":"),
            "install the plugin built for this machine");
    if (header.e_type != ET_DYN)
        throw Error(0, path, "not an ELF shared object:", "link it with -shared, as keelson_add_plugin() does");
}

}  // namespace detail

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

inline ElfSections::ElfSections(int fd, std::string path) : fd_(fd), path_(std::move(path)) {
    Elf64_Ehdr header{};
    const ssize_t got = ::pread(fd_, &header, sizeof header, 0);
    if (got < 0) throw Error::last("read", path_);
    if (got < SELFMAG) header.e_ident[EI_MAG0] = 0;
    detail::check_elf_header(header, path_);
    if (header.e_shoff == 0) return;
    if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum > detail::most_sections)
        throw Error(0, path_, "damaged section headers in");
    const std::string table = bytes(header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr));
    headers_.resize(header.e_shnum);
    std::memcpy(headers_.data(), table.data(), table.size());
    if (header.e_shstrndx >= headers_.size()) throw Error(0, path_, "damaged section headers in");
    names_ = bytes(headers_[header.e_shstrndx].sh_offset, headers_[header.e_shstrndx].sh_size);
}

inline std::string ElfSections::bytes(uint64_t offset, uint64_t size) const {
    if (size > detail::most_bytes) throw Error(0, path_, cat("a section of ", size, " bytes is no plugin's, in"));
    std::string text(size, '\0');
    for (uint64_t done = 0; done < size;) {
        const ssize_t got = ::pread(fd_, text.data() + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0) throw Error::last("read", path_);
        if (got == 0)
            throw Error(0, path_, "cut short:", "the file ends before what its header announces: copy or build it again");
        done += static_cast<uint64_t>(got);
    }
    return text;
}

inline std::optional<std::string> ElfSections::read(std::string_view name) const {
    for (const Elf64_Shdr& header : headers_) {
        if (header.sh_name >= names_.size() || name != names_.c_str() + header.sh_name) continue;
        if (header.sh_type == SHT_NOBITS) return std::string();
        return bytes(header.sh_offset, header.sh_size);
    }
    return std::nullopt;
}

}  // namespace keelson::sdk
