// What a monitor without configuration and plugins knows of its container: enough to answer most of what it is asked.
#pragma once

#include <kernel/base/packed.hpp>

#include <sys/types.h>

#include <map>
#include <string>

namespace keelson::monitor {

/// Its descriptors belong to the process, as long as that lives.
struct Watched {
    std::string name, lxcpath;
    pid_t init = 0;
    int init_pidfd = -1;
    uint64_t clone_flags = 0;
    int stop_signal = 0;
    int devpts = -1;
    /// See abi::CgroupDriver::frozen_file.
    std::string frozen_file, thawed_text;
    /// Configuration items as they are printed; an empty one is not set. There are more, which the whole monitor knows.
    std::map<std::string, std::string> items;

    void pack(base::Packer& packed) const;
    static Watched unpack(base::Unpacker& packed);
};

}  // namespace keelson::monitor
