// Running code that may crash: what a plugin does while it is loaded.
#pragma once

namespace keelson::plugins {

/// [any process] Calls `body(argument)`. If the calling thread gets SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS or SIGABRT
/// meanwhile, the call is abandoned where it was and the signal's number is the result; 0 otherwise. An exception that leaves
/// `body` counts as SIGABRT. Outside of a call these signals do what they did before. What `body` held is lost, locks included:
/// the caller tells the person and ends soon.
int signal_while(void (*body)(void*), void* argument) noexcept;

}  // namespace keelson::plugins
