// Whether the test runs in AddressSanitizer, which needs memory and makes system calls of its own.
#pragma once

namespace keelson::test {

inline constexpr bool sanitized =
#ifdef __SANITIZE_ADDRESS__
    true;
#else
    false;
#endif

}  // namespace keelson::test
