// A rootfs of layers: directories that are only read, below one that takes all changes (overlayfs, kernel document
// filesystems/overlayfs).
#include <keelson/sdk/detached_mount.hpp>
#include <keelson/sdk/remove_tree.hpp>
#include <keelson/sdk/storage.hpp>
#include <plugins/storage/common/access.hpp>
#include <plugins/storage/common/made.hpp>
#include <plugins/storage/common/tree_copy.hpp>
#include <plugins/storage/overlay/layers.hpp>
#include <plugins/storage/overlay/work_directory.hpp>

namespace {

using keelson::cat;
using keelson::Error;
using keelson::UniqueFd;
using keelson::sdk::Context;
using keelson::sdk::FilesystemContext;
using keelson::sdk::Namespaces;
using keelson::sdk::Rootfs;
using keelson::sdk::StorageRequest;
using keelson::storage::identity_of;
using keelson::storage::Layers;
using keelson::storage::looks_like_layers;
using keelson::storage::parse_layers;

/// Colons part the paths of lowerdir=.
std::string escaped(const std::string& path) {
    std::string text;
    for (const char letter : path) {
        if (letter == ':' || letter == '\\') text += '\\';
        text += letter;
    }
    return text;
}

/// fsconfig(2) takes no longer value.
constexpr size_t longest_value = 255;

std::string joined(const std::vector<std::string>& paths) {
    std::string text;
    for (const std::string& path : paths) text += (text.empty() ? "" : ":") + escaped(path);
    return text;
}

/// An overlay that is being made. Paths that don't fit, or that overlayfs would take for escaped, go by descriptor, and only
/// those, as mountinfo shows what they were called here.
class OverlayContext {
public:
    OverlayContext(const Context& context, const std::vector<std::string>& lower) : filesystem_("overlay") {
        filesystem_.set("source", "overlay");
        set_lower(lower);
        // In a user namespace overlayfs may not write trusted.* attributes (Linux 5.11).
        if (context.by_ordinary_user()) filesystem_.set("userxattr");
    }

    void set_path(const std::string& key, const std::string& path) {
        const bool fits = path.size() <= longest_value && path.find('\\') == std::string::npos;
        filesystem_.set(key, fits ? path : by_descriptor(path));
    }
    FilesystemContext& filesystem() { return filesystem_; }
    UniqueFd mount() { return filesystem_.mount(); }

private:
    /// In one value as long as they fit, if need be by descriptors. Longer lists go one by one (lowerdir+), which kernels
    /// before 6.5 lack; they say so only when the filesystem is made, because they take any key.
    void set_lower(const std::vector<std::string>& lower) {
        if (const std::string all = joined(lower); all.size() <= longest_value) return filesystem_.set("lowerdir", all);
        constexpr size_t most_by_descriptor = 10;
        if (lower.size() <= most_by_descriptor) {
            std::vector<std::string> opened;
            for (const std::string& path : lower) opened.push_back(by_descriptor(path));
            return filesystem_.set("lowerdir", joined(opened));
        }
        for (const std::string& path : lower) set_path("lowerdir+", path);
    }

    std::string by_descriptor(const std::string& path) {
        UniqueFd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!directory) throw Error::last("open", path);
        return cat("/proc/self/fd/", opened_.emplace_back(std::move(directory)).get());
    }

    FilesystemContext filesystem_;
    std::vector<UniqueFd> opened_;  ///< until it is mounted
};

/// The container's own changes: not undone with a start, so without a record. They go with destroy.
void make_if_missing(const Context& context, const std::string& path) {
    if (identity_of(path)) return;
    keelson::storage::make_with_mode(path);
    if (!context.has_user_namespace() || context.by_ordinary_user()) return;
    if (::chown(path.c_str(), context.root_uid(), context.root_gid()) != 0) throw Error::last("change the owner of", path);
}

/// What overlayfs finds in its work directory it removes, so it gets none with anything else in it.
void make_work_directory(const Context& context, const std::string& work) {
    make_if_missing(context, work);
    if (keelson::storage::is_overlays_alone(work)) return;
    throw Error(EEXIST, work, "something else than the overlay's work stands in",
                "move it away, or give the overlay an upper directory in another place");
}

UniqueFd mount_layers(const Context& context, const Layers& layers, const std::string& options) {
    make_if_missing(context, layers.upper);
    make_work_directory(context, layers.work());
    OverlayContext overlay(context, layers.lower);
    overlay.set_path("upperdir", layers.upper);
    overlay.set_path("workdir", layers.work());
    overlay.filesystem().options(options);
    return overlay.mount();
}

/// Whoever mounts an upper and a work directory, even read-only, makes the latter anew: under a container that has them mounted
/// and from then on cannot remove or rename anything. So the upper directory is one more lower one here.
UniqueFd mount_in_use(const Context& context, const Layers& layers, const std::string& options) {
    std::vector<std::string> lower = layers.lower;
    if (identity_of(layers.upper)) lower.insert(lower.begin(), layers.upper);
    // Of one alone overlayfs makes nothing.
    if (lower.size() == 1) return keelson::storage::clone_directory(lower.front());
    OverlayContext overlay(context, lower);
    FilesystemContext& filesystem = overlay.filesystem();
    filesystem.set("ro");
    filesystem.options(options);
    // With an index it refuses a lower directory that is somebody's upper one.
    filesystem.set("index", "off");
    filesystem.set("nfs_export", "off");
    return overlay.mount();
}

std::string parent_of(const std::string& path) { return path.substr(0, std::max<size_t>(path.rfind('/'), 1)); }

class Overlay final : public keelson::sdk::Storage, public keelson::sdk::StorageCopy {
public:
    bool recognises(std::string_view path) const override { return looks_like_layers(path); }

    void check(const Context& context, const Rootfs& rootfs) override {
        const Layers layers = parse_layers(rootfs.path);
        for (const std::string& lower : layers.lower) keelson::storage::check_directory(context, lower);
        const std::string upper = identity_of(layers.upper) ? layers.upper : parent_of(layers.upper);
        keelson::storage::check_directory(context, upper);
    }

    UniqueFd mount(const Context& context, const Rootfs& rootfs) override {
        const Layers layers = parse_layers(rootfs.path);
        return (rootfs.in_use ? mount_in_use : mount_layers)(context, layers, rootfs.options);
    }

    std::string create(const Context& context, const StorageRequest& request) override {
        const Layers layers{{lower_for(context, request)}, context.directory() + "/overlay/delta"};
        const std::string path = to_path(layers);
        keelson::storage::make_directory(context, layers.lower.front());
        make_layer(context, layers);
        return path;
    }

    /// Lower directories may serve other containers: only what is this container's own goes.
    void destroy(const Context& context, const Rootfs& rootfs) override {
        const Layers layers = parse_layers(rootfs.path);
        remove(context, layers.upper);
        remove_work(context, layers);
        for (const std::string& lower : layers.lower) {
            if (keelson::storage::is_in_own_directory(context, lower)) remove(context, keelson::storage::real_path(lower));
        }
        // Made by create; another's if something is still in it.
        (void)::rmdir((context.directory() + "/overlay").c_str());
    }

    /// What the container sees becomes the lower layer of the copy, which then depends on nothing of `from`.
    std::string copy(const Context& context, const Rootfs& from, const StorageRequest& request) override {
        const UniqueFd merge = is_layered(from) ? mount_in_use(context, parse_layers(from.path), from.options) : UniqueFd();
        const std::string path = create(context, request);
        keelson::storage::copy_tree(merge ? cat("/proc/self/fd/", merge.get(), "/.") : from.path,
                                    parse_layers(path).lower.front());
        return path;
    }

    /// Over a plain directory: that becomes the lower layer. Over an overlay: the same lower layers, and a copy of the changes.
    std::string snapshot(const Context& context, const Rootfs& from, const StorageRequest&) override {
        const std::string upper = context.directory() + "/overlay/delta";
        Layers layers = is_layered(from) ? parse_layers(from.path) : Layers{{from.path}, {}};
        const std::string changes = std::exchange(layers.upper, upper);
        const std::string path = to_path(layers);
        make_layer(context, layers);
        if (!changes.empty() && identity_of(changes)) keelson::storage::copy_tree(changes, layers.upper);
        return path;
    }

    void undo(const Context&, std::string_view record, const Namespaces&) override {
        keelson::storage::undo_made(keelson::storage::made_from(record));
    }

private:
    /// Elsewhere it could not be told from another's when the container is destroyed. LXC puts it here as well, whatever --dir
    /// says.
    static std::string lower_for(const Context& context, const StorageRequest& request) {
        if (keelson::storage::is_in_own_directory(context, request.directory)) return request.directory;
        const std::string own = context.directory() + "/rootfs";
        context.warn(cat("an overlay is made in the container's directory, in ", own, ", not in ", request.directory));
        return own;
    }

    /// A plain directory may have a colon at the end of a name.
    static bool is_layered(const Rootfs& rootfs) { return looks_like_layers(rootfs.path) && !identity_of(rootfs.path); }

    static void make_layer(const Context& context, const Layers& layers) {
        keelson::storage::make_directory(context, layers.upper);
        keelson::storage::make_directory(context, layers.work());
    }

    static void remove(const Context& context, const std::string& path) {
        keelson::storage::refuse_careless_removal(context, path);
        keelson::sdk::remove_tree(path);
    }

    /// Its name alone does not make it ours.
    static void remove_work(const Context& context, const Layers& layers) {
        if (keelson::storage::is_overlays_alone(layers.work())) {
            keelson::sdk::remove_tree(layers.work());
        } else {
            context.warn(cat(layers.work(), " holds something else than the overlay's work: it is left"));
        }
        keelson::storage::remove_last_work_of_lxc(layers.work_of_lxc());
    }
};

}  // namespace

KEELSON_STORAGE("overlay", Overlay, .version = "0.1.0",
                .summary = "layers: directories only read, below one that takes all changes", .order = 20,
                .aliases = "overlayfs");
