// A terminal of the container, handed to a client of the monitor.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

namespace keelson::monitor {

struct GivenTty {
    UniqueFd master;
    int number;
};

}  // namespace keelson::monitor
