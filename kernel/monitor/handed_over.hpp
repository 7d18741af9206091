// What one program of a monitor hands to the next (kernel/process/next_program.hpp): the whole one, which has plugins, to the
// small one that waits, and that one back.
#pragma once

#include <kernel/base/packed.hpp>

#include <string_view>

namespace keelson::monitor {

struct HandedOver {
    std::string_view log;
    std::string_view watch;      ///< for both: the program to come back to, Watched, the command server, the console
    std::string_view container;  ///< for the whole program alone

    /// Of the same version of Keelson alone. Throws.
    static HandedOver in(std::string_view packed);
};

/// With the log as it is now.
base::Packer hand_over(const base::Packer& watch, const base::Packer& container);

}  // namespace keelson::monitor
