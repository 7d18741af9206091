// The text of lxc.conf: `item = value` lines, the first one with a value counts; unlike a container's file it has no quotes,
// no lists, and its unknown lines are nobody's mistake.
#pragma once

#include <string>
#include <string_view>

namespace keelson::config {

class GlobalFile {
public:
    explicit GlobalFile(std::string text) : text_(std::move(text)) {}
    /// Empty: the file does not say. Valid as long as this object.
    std::string_view find(std::string_view item) const noexcept;

private:
    std::string text_;
};

}  // namespace keelson::config
