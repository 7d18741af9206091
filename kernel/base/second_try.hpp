// For what a container lives by: a monitor that goes on as another program has no way back.
#pragma once

#include <exception>

namespace keelson::base {

/// What fails is done once more, since what fails for want of memory or by a signal seldom does so twice. Throws what the
/// second try throws.
template <typename Work>
auto with_second_try(Work work) {
    try {
        return work();
    } catch (const std::exception&) {
        return work();
    }
}

}  // namespace keelson::base
