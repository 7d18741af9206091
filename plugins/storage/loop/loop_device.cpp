#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <keelson/sdk/error.hpp>
#include <plugins/storage/loop/loop_device.hpp>

#include <cstring>
#include <memory>

namespace keelson::storage {

namespace {

constexpr const char* missing_loop = "loop devices are needed: modprobe loop, and root of the host";

/// False: somebody else took the device meanwhile.
bool configure(int device, int image, bool read_only, const std::string& name) {
    loop_config config{};
    config.fd = static_cast<uint32_t>(image);
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
    std::strncpy(reinterpret_cast<char*>(config.info.lo_file_name), name.c_str(), LO_NAME_SIZE - 1);
    if (::ioctl(device, LOOP_CONFIGURE, &config) == 0) return true;
    if (errno == EBUSY) return false;
    if (errno != EINVAL && errno != ENOTTY) throw Error::last("attach a loop device to", name);
    // Before Linux 5.8 it takes two steps.
    if (::ioctl(device, LOOP_SET_FD, image) != 0) {
        if (errno == EBUSY) return false;
        throw Error::last("attach a loop device to", name);
    }
    if (::ioctl(device, LOOP_SET_STATUS64, &config.info) == 0) return true;
    const int code = errno;
    (void)::ioctl(device, LOOP_CLR_FD, 0);
    throw Error(code, name, "set up the loop device of");
}

bool has_image(const char* device, const struct stat& image) {
    loop_info64 info{};
    const UniqueFd loop(::open(cat("/dev/", device).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    return loop && ::ioctl(loop.get(), LOOP_GET_STATUS64, &info) == 0 && info.lo_device == image.st_dev &&
           info.lo_inode == image.st_ino;
}

}  // namespace

bool has_loop(int image) {
    struct stat facts {};
    if (::fstat(image, &facts) != 0) return false;
    const std::unique_ptr<DIR, int (*)(DIR*)> devices(::opendir("/sys/block"), ::closedir);
    while (const dirent* entry = devices ? ::readdir(devices.get()) : nullptr) {
        if (std::string_view(entry->d_name).starts_with("loop") && has_image(entry->d_name, facts)) return true;
    }
    return false;
}

LoopDevice attach_loop(int image, bool read_only, const std::string& name_for_errors) {
    const UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control) throw Error::last("open", "/dev/loop-control", missing_loop);
    for (int tries = 0; tries < 128; ++tries) {
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) throw Error::last("find a free loop device for", name_for_errors, missing_loop);
        LoopDevice loop;
        loop.path = cat("/dev/loop", number);
        loop.device.reset(::open(loop.path.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC));
        if (!loop.device) throw Error::last("open", loop.path, missing_loop);
        if (configure(loop.device.get(), image, read_only, name_for_errors)) return loop;
    }
    throw Error(EBUSY, name_for_errors, "others took each free loop device before it was set up for");
}

}  // namespace keelson::storage
