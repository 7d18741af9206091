// Going somewhere and back: for calls that know no descriptor (umount2(2), pivot_root(2)).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

namespace keelson::filesystem {

/// Changes the working directory of the process for its own lifetime. Throws when there is no way in; the way back is tried
/// only, as the old directory may be gone.
class WorkingDirectory {
public:
    explicit WorkingDirectory(int directory_borrowed);
    WorkingDirectory(const WorkingDirectory&) = delete;
    WorkingDirectory& operator=(const WorkingDirectory&) = delete;
    ~WorkingDirectory();

private:
    UniqueFd before_;
};

}  // namespace keelson::filesystem
