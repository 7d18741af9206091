#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <keelson/sdk/error.hpp>
#include <plugins/storage/loop/loop_device.hpp>

#include <cstring>

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

}  // namespace

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
