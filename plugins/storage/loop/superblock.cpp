#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <plugins/storage/loop/superblock.hpp>

#include <vector>

namespace keelson::storage {

namespace {

struct Magic {
    size_t offset;
    std::string_view bytes;
    const char* type;
};

// linux/magic.h and each filesystem's layout. The driver for ext4 mounts ext2 and ext3 as well.
constexpr Magic magics[] = {
    {1024 + 56, {"\x53\xef", 2}, "ext4"},
    {0, {"XFSB", 4}, "xfs"},
    {65536 + 64, {"_BHRfS_M", 8}, "btrfs"},
    {0, {"hsqs", 4}, "squashfs"},
    {1024, {"\xe2\xe1\xf5\xe0", 4}, "erofs"},
    {1024, {"\x10\x20\xf5\xf2", 4}, "f2fs"},
    {32768 + 1, {"CD001", 5}, "iso9660"},
    {82, {"FAT32", 5}, "vfat"},
    {54, {"FAT16", 5}, "vfat"},
};

}  // namespace

std::string filesystem_of(int image, const std::string& name_for_errors) {
    for (const Magic& magic : magics) {
        std::string found(magic.bytes.size(), '\0');
        const ssize_t count = ::pread(image, found.data(), found.size(), static_cast<off_t>(magic.offset));
        if (count < 0) throw Error::last("read", name_for_errors);
        if (found == magic.bytes) return magic.type;
    }
    return {};
}

}  // namespace keelson::storage
