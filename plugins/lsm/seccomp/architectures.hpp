// The architectures that processes of this machine may have, as sections of a policy name them.
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace keelson::seccomp {

struct Architecture {
    std::string_view name;
    uint32_t token;
};

/// Every section name there is.
inline constexpr Architecture all_architectures[] = {
    {"x86", SCMP_ARCH_X86},
    {"x32", SCMP_ARCH_X32},
    {"x86_64", SCMP_ARCH_X86_64},
    {"arm", SCMP_ARCH_ARM},
    {"arm64", SCMP_ARCH_AARCH64},
    {"ppc", SCMP_ARCH_PPC},
    {"ppc64", SCMP_ARCH_PPC64},
    {"ppc64le", SCMP_ARCH_PPC64LE},
    {"mips", SCMP_ARCH_MIPS},
    {"mips64", SCMP_ARCH_MIPS64},
    {"mips64n32", SCMP_ARCH_MIPS64N32},
    {"mipsel", SCMP_ARCH_MIPSEL},
    {"mipsel64", SCMP_ARCH_MIPSEL64},
    {"mipsel64n32", SCMP_ARCH_MIPSEL64N32},
    {"s390", SCMP_ARCH_S390},
    {"s390x", SCMP_ARCH_S390X},
    {"riscv64", SCMP_ARCH_RISCV64},
#ifdef SCMP_ARCH_LOONGARCH64
    {"loongarch64", SCMP_ARCH_LOONGARCH64},
#endif
};

/// The native one and those that it runs beside its own.
inline std::span<const uint32_t> native_architectures() {
#if defined(__x86_64__) && !defined(__ILP32__)
    static constexpr uint32_t list[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
#elif defined(__aarch64__)
    static constexpr uint32_t list[] = {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
#elif defined(__powerpc64__) && defined(__BIG_ENDIAN__)
    static constexpr uint32_t list[] = {SCMP_ARCH_PPC64, SCMP_ARCH_PPC};
#elif defined(__mips64) && defined(__MIPSEB__)
    static constexpr uint32_t list[] = {SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPS};
#elif defined(__mips64)
    static constexpr uint32_t list[] = {SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_MIPSEL};
#else
    static constexpr uint32_t list[] = {SCMP_ARCH_NATIVE};
#endif
    return list;
}

}  // namespace keelson::seccomp
