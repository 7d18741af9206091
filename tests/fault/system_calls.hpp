// Which system calls can fail, and how to tell one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace keelson::fault {

std::string name_of_call(long number);

/// False for those that have no way to fail when their arguments are right.
bool can_fail(long number);

/// How the allocator comes by memory, and gives it back. They are counted apart.
bool is_about_memory(long number);
/// Of these, what can fail for want of it.
bool takes_memory(long number, const uint64_t* arguments);

/// Those that wait can be interrupted, and no more.
bool can_fail_with(long number, int cause);

/// Does its work even where it reports an error, as close(2) does: only the answer is replaced.
bool works_though_it_fails(long number);

/// Only asks or waits: a process may be in it for ever.
bool waits_for_events(long number);

/// The name, and the path or text that the call is given.
std::string describe(pid_t pid, long number, const uint64_t* arguments);

}  // namespace keelson::fault
