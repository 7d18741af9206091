// [host] To whom a terminal of the host that a container gets belongs.
#pragma once

#include <kernel/console/pty.hpp>
#include <kernel/container/facts.hpp>

namespace keelson::container {

/// To the container's root, who can then also open it anew, by /dev/stdout; nothing without an id map. Throws.
void give_to_root(const console::Pty& pty, const Facts& facts);

}  // namespace keelson::container
