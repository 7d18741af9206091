// LXCPATH/NAME/partial: creation is under way, or was interrupted. Locked while it is (F_OFD_SETLK, fcntl(2)), as LXC does.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/container/container.hpp>

#include <string>

namespace keelson::container {

/// LXCPATH/NAME/partial.
std::string partial_mark(const std::string& directory);

/// While it lives the container is being created. Unless it was removed the mark stays, and goes with what the journal has of
/// the creation.
class PartialMark {
public:
    explicit PartialMark(const Container& container);
    /// The container is whole. Throws.
    void remove();

private:
    std::string path_;
    UniqueFd file_;
};

/// Its creation is under way or was interrupted, maybe before it had a configuration.
bool is_partial(const Container& container);

/// Throws when the container is being created.
void refuse_being_created(const Container& container);

/// Throws when the container is being created, or when its creation was interrupted: says what to do, deletes nothing.
void refuse_partial(const Container& container);

}  // namespace keelson::container
