// Base class for a cgroup layout. See abi/cgroup_driver.hpp for what each call means and where it runs.
#pragma once

#include <keelson/abi/cgroup_driver.hpp>
#include <keelson/sdk/plugin.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace keelson::sdk {

/// How to get into a cgroup.
struct CgroupEntry {
    UniqueFd unified;
    std::vector<UniqueFd> tasks;
};

struct CgroupMount {
    std::string type, source, target, options;
    bool read_only = false;
};

/// The file in which `text` stands as long as nothing is frozen; no path: nothing ever is.
struct FrozenFile {
    std::string path, text;
};

class CgroupDriver : public Plugin {
public:
    using State = std::string_view;

    virtual std::string create(const Context&) = 0;
    virtual CgroupEntry entry(const Context&, State, abi::CgroupRole) = 0;
    virtual void limit(const Context&, State, abi::CgroupPhase) = 0;
    virtual void freeze(const Context&, State, bool frozen, uint32_t timeout_ms) = 0;
    virtual bool is_frozen(const Context&, State) = 0;
    virtual std::string read(const Context&, State, std::string_view file) = 0;
    virtual void write(const Context&, State, std::string_view file, std::string_view value) = 0;
    virtual std::string path(const Context&, State, std::string_view controller) = 0;
    virtual abi::CgroupUsage usage(const Context&, State) = 0;
    virtual std::vector<CgroupMount> mounts(const Context&, State, const abi::CgroupMountRequest&) = 0;
    virtual std::optional<FrozenFile> frozen_file(const Context&, State) { return {}; }
    /// For a driver that makes all in `create`.
    virtual UniqueFd birthplace(const Context& context, State state) {
        return entry(context, state, abi::CgroupRole::payload).unified;
    }
    virtual void complete(const Context&, State) {}
    /// For a layout in which SIGKILL ends what is frozen below.
    virtual void release(const Context& context, State state) { freeze(context, state, false, 1000); }
};

class CgroupDriverBridge final : public Bridge<abi::CgroupDriver, CgroupDriver> {
public:
    using Bridge::Bridge;

private:
    abi::Status create(const abi::Context* context, abi::StringSink* state, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { state->add(to_abi(author_.create(Context(*context)))); });
    }
    abi::Status entry(const abi::Context* context, abi::StringView state, abi::CgroupRole role, abi::CgroupEntry* out,
                      abi::ErrorSink* error) noexcept final {
        return guard(error, [&] {
            CgroupEntry found = author_.entry(Context(*context), from_abi(state), role);
            if (found.tasks.size() > out->capacity)
                throw Error(E2BIG, {}, "more cgroup hierarchies than the kernel has room for");
            out->unified_owned = found.unified.release();
            out->count = static_cast<uint32_t>(found.tasks.size());
            for (uint32_t i = 0; i < out->count; ++i) out->tasks_owned[i] = found.tasks[i].release();
        });
    }
    abi::Status limit(const abi::Context* context, abi::StringView state, abi::CgroupPhase phase,
                      abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.limit(Context(*context), from_abi(state), phase); });
    }
    abi::Status freeze(const abi::Context* context, abi::StringView state, bool frozen, uint32_t timeout_ms,
                       abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.freeze(Context(*context), from_abi(state), frozen, timeout_ms); });
    }
    abi::Status is_frozen(const abi::Context* context, abi::StringView state, bool* frozen,
                          abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { *frozen = author_.is_frozen(Context(*context), from_abi(state)); });
    }
    abi::Status read(const abi::Context* context, abi::StringView state, abi::StringView file, abi::StringSink* value,
                     abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { value->add(to_abi(author_.read(Context(*context), from_abi(state), from_abi(file)))); });
    }
    abi::Status write(const abi::Context* context, abi::StringView state, abi::StringView file, abi::StringView value,
                      abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.write(Context(*context), from_abi(state), from_abi(file), from_abi(value)); });
    }
    abi::Status path(const abi::Context* context, abi::StringView state, abi::StringView controller, abi::StringSink* out,
                     abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { out->add(to_abi(author_.path(Context(*context), from_abi(state), from_abi(controller)))); });
    }
    abi::Status usage(const abi::Context* context, abi::StringView state, abi::CgroupUsage* out,
                      abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { *out = author_.usage(Context(*context), from_abi(state)); });
    }
    abi::Status mounts(const abi::Context* context, abi::StringView state, const abi::CgroupMountRequest* request,
                       abi::CgroupMountSink* out, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] {
            for (const CgroupMount& mount : author_.mounts(Context(*context), from_abi(state), *request)) {
                const abi::CgroupMount raw{sizeof raw,           mount.read_only,      to_abi(mount.type),
                                           to_abi(mount.source), to_abi(mount.target), to_abi(mount.options)};
                out->mount(&raw);
            }
        });
    }
    abi::Status frozen_file(const abi::Context* context, abi::StringView state, abi::StringSink* path_and_text,
                            abi::ErrorSink* error) noexcept final {
        return guard(error, [&] {
            const auto file = author_.frozen_file(Context(*context), from_abi(state));
            if (!file) return;
            path_and_text->add(to_abi(file->path));
            path_and_text->add(to_abi(file->text));
        });
    }
    abi::Status birthplace(const abi::Context* context, abi::StringView state, int32_t* directory_owned,
                           abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { *directory_owned = author_.birthplace(Context(*context), from_abi(state)).release(); });
    }
    abi::Status complete(const abi::Context* context, abi::StringView state, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.complete(Context(*context), from_abi(state)); });
    }
    abi::Status release(const abi::Context* context, abi::StringView state, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.release(Context(*context), from_abi(state)); });
    }
};

}  // namespace keelson::sdk

#define KEELSON_CGROUP_DRIVER(name, type, ...)                                                                          \
    KEELSON_EXPORTED_DESCRIPTOR("cgroup", name, ::keelson::abi::CgroupDriver, ::keelson::sdk::CgroupDriverBridge, type, \
                                __VA_ARGS__)
