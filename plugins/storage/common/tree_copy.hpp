// A full copy of a tree, walked by descriptor on both sides.
#pragma once

#include <string>

namespace keelson::storage {

/// [host] Copies what is in the directory `from` into the directory `to`, and the attributes of `from` itself. Kept are owners,
/// modes, times, hard links, holes, devices, extended attributes with ACLs and capabilities. Blocks are shared where the
/// filesystem can (FICLONE), else the kernel copies them. Other mounts below `from` stay empty directories; no link is
/// followed. `from` may contain `to`, which is left out, and may change meanwhile: what has vanished is passed over. Paths
/// longer than PATH_MAX are refused (ENAMETOOLONG). Throws at the first failure, with the file as object; `to` then is half
/// full.
void copy_tree(const std::string& from, const std::string& to);

/// [host] The content of one file, holes kept, blocks shared where that is possible.
void copy_content(int from, int to, const std::string& name_for_errors);

}  // namespace keelson::storage
