// Exceptions of other libraries as ours.
#pragma once

#include <keelson/sdk/error.hpp>

namespace keelson::base {

/// An Error as it is; of anything else (std::bad_alloc, ...) its words.
inline Error as_error(const std::exception& exception) {
    const Error* const ours = dynamic_cast<const Error*>(&exception);
    return ours != nullptr ? *ours : Error(0, {}, exception.what());
}

}  // namespace keelson::base
