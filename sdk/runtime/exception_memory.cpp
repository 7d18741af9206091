// Where thrown exceptions live, instead of in libstdc++'s own memory. That keeps 71 KiB of heap for when memory is short, once
// for the program and once for each plugin, since each has its own static libstdc++ (up to GCC 12 nothing makes it smaller).
// The reserve here is in .bss: it takes no memory until it is used.
// And where a thread's exceptions are counted: libstdc++'s own place for that is made when a library first throws, by malloc,
// and the loader ends the process when there is no memory for it. Ours stands with the thread from the beginning. The functions
// are those of the Itanium C++ ABI, level 2.
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace {

/// The runtime puts its header in front of the object, at offsets below this (128 bytes with GCC 12).
constexpr size_t header_room = 256;
constexpr size_t slot_size = 1024, slot_count = 32;

alignas(std::max_align_t) std::byte slots[slot_count][slot_size];
std::atomic<uint32_t> taken;

std::byte* take_slot(size_t size) noexcept {
    for (uint32_t known = taken.load(); size <= slot_size && known != UINT32_MAX;) {
        const auto free = static_cast<unsigned>(std::countr_one(known));
        if (taken.compare_exchange_weak(known, known | 1U << free)) return slots[free];
    }
    return nullptr;
}

std::byte* take(size_t size) noexcept {
    auto* memory = static_cast<std::byte*>(std::malloc(size));
    if (memory == nullptr) memory = take_slot(size);
    if (memory == nullptr) std::terminate();
    std::memset(memory, 0, size);
    return memory;
}

void give_back(std::byte* memory) noexcept {
    const uintptr_t offset = reinterpret_cast<uintptr_t>(memory) - reinterpret_cast<uintptr_t>(slots);
    if (offset >= sizeof slots) return std::free(memory);
    taken.fetch_and(~(1U << offset / slot_size));
}

/// __cxa_eh_globals
struct ThreadExceptions {
    void* caught;
    unsigned uncaught;
};
[[gnu::tls_model("initial-exec")]] constinit thread_local ThreadExceptions of_thread{};

}  // namespace

extern "C" {

ThreadExceptions* __cxa_get_globals() noexcept { return &of_thread; }

ThreadExceptions* __cxa_get_globals_fast() noexcept { return &of_thread; }

void* __cxa_allocate_exception(size_t size) noexcept { return take(header_room + size) + header_room; }

void __cxa_free_exception(void* object) noexcept { give_back(static_cast<std::byte*>(object) - header_room); }

/// Of std::rethrow_exception: a header alone.
void* __cxa_allocate_dependent_exception() noexcept { return take(header_room); }

void __cxa_free_dependent_exception(void* header) noexcept { give_back(static_cast<std::byte*>(header)); }

}  // extern "C"
