/* Linked into a program built with AddressSanitizer that joins pid namespaces for its children: LeakSanitizer would trace it at
   its end, by a pid that means nothing where the tracer is born, and wait for ever. Leaks of the monitor are valgrind's
   (tests/stress/valgrind.sh). */
const char* __asan_default_options(void) { return "detect_leaks=0"; }
