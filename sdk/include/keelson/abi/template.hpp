// A distribution template: keelson create -t NAME.
#pragma once

#include <keelson/abi/base.hpp>

namespace keelson::abi {

struct TemplateRequest {
    uint32_t size;
    uint32_t quiet;
    /// The mounted, empty rootfs. Files are made with the container's own ids (0 is its root); the kernel shifts them when
    /// the container has an id map.
    StringView rootfs;
    /// The words after `--` on the command line.
    StringList arguments;
};

class Progress {
public:
    /// A step began: "fetching packages". percent is of the whole, -1 if unknown.
    virtual void step(StringView what, int32_t percent) noexcept = 0;

protected:
    ~Progress() = default;
};

class Template : public Plugin {
public:
    /// [host] Fills the rootfs. `lines` takes lines "key = value" for the container's configuration. Runs in a mount namespace
    /// of its own, so that whatever it mounts is gone afterwards.
    virtual Status create(const Context* context, const TemplateRequest* request, Progress* progress, StringSink* lines,
                          ErrorSink* error) noexcept = 0;

    /// [any process] Its options, one line each, for `keelson create -t NAME -h`.
    virtual Status help(StringSink* lines) noexcept = 0;

protected:
    ~Template() = default;
};

}  // namespace keelson::abi
