// Who copies a container and who destroys it keep out of each other's way. Neither waits: the later one is refused.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/container/container.hpp>

namespace keelson::container {

/// Held while it lives: flock(2) on the container's directory, as whoever edits its configuration puts another file there.
class ContentLock {
public:
    enum class Use { read, destroy };
    /// Throws EBUSY while another process uses the container's files against this, ENOENT when they are gone. Where there is no
    /// directory there is nothing to lock.
    ContentLock(const Container& container, Use use);

private:
    UniqueFd directory_;
};

}  // namespace keelson::container
