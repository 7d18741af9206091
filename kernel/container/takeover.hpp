// The monitor goes on as the small program while its container runs, and that one as the whole program again, in the same
// process (kernel/process/next_program.hpp). What the whole program needs then stands here; both find the rest in
// kernel/monitor/handed_over.hpp.
#pragma once

#include <kernel/container/run.hpp>
#include <kernel/monitor/watched.hpp>

#include <string>

namespace keelson::container {

/// The small program, trusted as a plugin is, by a descriptor that no container can write through. Throws.
UniqueFd open_small_program();

/// What a run is made of again. Nothing is taken from the program before us until that has succeeded: its descriptors are
/// borrowed.
struct Takeover {
    int small_program = -1, init_pidfd = -1, journal = -1, state = -1;
    std::string name, lxcpath, config_path, installation_prefix;
    StartOptions options;

    void pack(base::Packer& packed) const;
    static Takeover unpack(base::Unpacker& packed);
};

void pack(base::Packer& packed, const Run& run);
/// Into a new run of the same container.
void unpack(base::Unpacker& packed, const monitor::Watched& watched, Run& run);

/// [main() of a program that process::takes_over()] Goes on as the monitor that the small program was.
[[noreturn]] void take_over(int argc, char** argv);

}  // namespace keelson::container
