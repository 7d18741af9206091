#include "hook.hpp"

#include <csignal>

__attribute__((constructor)) static void crash() { std::raise(SIGSEGV); }
EXPORT(hook("crashes_while_loading"));
