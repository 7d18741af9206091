// Which verbs run code of ours inside of a container, for a program without a library.
#pragma once

namespace keelson {

/// Each ends with a zero, all with an empty one. To name too many or too few costs time, nothing else: the program looks
/// itself.
inline constexpr char entering_verbs[] = "attach\0autostart\0copy\0create\0execute\0start\0";

}  // namespace keelson
