#include <kernel/base/text.hpp>
#include <kernel/container/storage_copy.hpp>

#include <algorithm>

namespace keelson::container {
namespace {

abi::StorageCopy* copying(const plugins::LoadedPlugin& plugin) {
    return static_cast<abi::StorageCopy*>(plugin.plugin().interface(sdk::to_abi("keelson.storage.copy/1")));
}

}  // namespace

StorageCopier::StorageCopier(const Storage& original, const StorageCopyRequest& request)
    : original_(original), request_(request) {
    plugins::PluginHost& host = plugins::PluginHost::instance();
    backends_.push_back(request.type.empty() ? &original.plugin() : &host.load("storage", request.type));
    if (copying(*backends_.front()) == nullptr) {
        throw Error(EOPNOTSUPP, backends_.front()->file().name,
                    "this storage cannot be copied to:", "name another one for the copy with -B");
    }
    if (!request.snapshot || !request.type.empty() || !original.is_directory()) return;
    // A directory is something that other backends may be able to stand upon.
    for (const plugins::PluginFile& file : host.list("storage")) {
        const plugins::LoadedPlugin& plugin = host.load("storage", file.name);
        if (&plugin != backends_.front() && copying(plugin) != nullptr) backends_.push_back(&plugin);
    }
}

std::string StorageCopier::copy(const Facts& facts, const config::Config& config, lifecycle::Journal& journal) const {
    for (const plugins::LoadedPlugin* plugin : backends_) {
        try {
            const CallContext context(facts, config, *plugin, &journal);
            return cat(plugin->file().name, ":", copy_by(*plugin, context, facts));
        } catch (const Error& error) {
            if (error.code() != EOPNOTSUPP || plugin == backends_.back()) throw;
        }
    }
    throw Error(EOPNOTSUPP, original_.path(), "no storage can copy this rootfs");
}

std::string StorageCopier::copy_by(const plugins::LoadedPlugin& plugin, const CallContext& context, const Facts& facts) const {
    const std::string directory = facts.directory() + "/rootfs";
    const abi::StorageRequest wanted{sizeof wanted, 0, sdk::to_abi(directory), request_.bytes, {}, {}};
    const bool foreign = &plugin != &original_.plugin() && !original_.is_directory();
    if (foreign && request_.snapshot) {
        throw Error(EOPNOTSUPP, plugin.file().name, cat("this storage shares nothing with ", original_.plugin().title(), ":"),
                    "make a full copy instead");
    }
    // What another backend keeps in a way of its own comes as a tree.
    const UniqueFd tree = foreign ? original_.mount_in_use() : UniqueFd();
    const std::string path = foreign ? cat("/proc/self/fd/", tree.get(), "/.") : original_.path();
    const abi::Rootfs from{sizeof from, 1, sdk::to_abi(path), foreign ? abi::StringView{} : sdk::to_abi(original_.options())};
    sdk::StringCollector made;
    abi::StorageCopy& backend = *copying(plugin);
    plugins::call(plugin, [&](abi::ErrorSink* e) {
        return request_.snapshot ? backend.snapshot(context.raw(), &from, &wanted, &made, e)
                                 : backend.copy(context.raw(), &from, &wanted, &made, e);
    });
    return made.first();
}

bool shares_storage(const std::string& original, const std::string& copy) {
    const std::vector<std::string_view> parts = base::split(original, ':');
    return std::ranges::any_of(base::split(copy, ':'), [&](std::string_view part) {
        return part.starts_with('/') && std::ranges::find(parts, part) != parts.end();
    });
}

}  // namespace keelson::container
