// What a fuzzer's input has to leave true.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace keelson::fuzz {

inline void require(bool holds, const char* what, const std::string& about = {}) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s: %s\n", what, about.c_str());
    std::abort();
}

}  // namespace keelson::fuzz
