#include <keelson/sdk/file.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/content_lock.hpp>
#include <kernel/container/copied_config.hpp>
#include <kernel/container/dependents.hpp>
#include <kernel/container/hooks.hpp>
#include <kernel/container/new_directory.hpp>
#include <kernel/container/partial.hpp>
#include <kernel/container/rootfs_child.hpp>
#include <kernel/container/stage_hooks.hpp>
#include <kernel/container/storage_copy.hpp>
#include <kernel/container/undo.hpp>
#include <kernel/filesystem/mount.hpp>
#include <kernel/process/user_privilege.hpp>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keelson::container {
namespace {

/// LXC writes the name without a newline, and only into a file that is there.
void write_host_name(const std::string& rootfs, const std::string& name) {
    const UniqueFd root = base::open_file(rootfs, O_PATH | O_DIRECTORY);
    const UniqueFd file = filesystem::resolve_inside(root.get(), "etc/hostname");
    struct stat facts {};
    if (!file) return;
    if (::fstat(file.get(), &facts) != 0) throw Error::last("stat", rootfs + "/etc/hostname");
    if (!S_ISREG(facts.st_mode)) return;
    const UniqueFd writable = base::open_file(cat("/proc/self/fd/", file.get()), O_WRONLY | O_TRUNC);
    base::write_fd(writable.get(), name, rootfs + "/etc/hostname");
}

/// Each change of a copy has its record: one that fails, or whose process dies, leaves nothing.
class Copying {
public:
    Copying(const Facts& from, const Facts& to, const Container& copy, CopiedConfig& copied, const StorageCopier* storage,
            StageHooks& plugin_hooks, const CopyOptions& options)
        : from_(from),
          to_(to),
          copy_(copy),
          copied_(copied),
          config_(copied.config),
          storage_(storage),
          plugin_hooks_(plugin_hooks),
          options_(options),
          journal_(lifecycle::Journal::create(to.runtime_directory(), to.lxcpath(), to.name())) {
        plugin_hooks_.attach_journal(&journal_);
    }

    void run(const std::string& original_rootfs) {
        try {
            refuse_taken_name(copy_);
            make_container_directory(to_, journal_);
            fill(original_rootfs);
            journal_.close();
        } catch (...) {
            take_back(journal_, to_, config_);
            throw;
        }
    }

private:
    void fill(const std::string& original_rootfs) {
        PartialMark copying(copy_);
        if (storage_ != nullptr) copy_storage(original_rootfs);
        for (const auto& [key, value] : copied_.last) config_.set(key, value);
        for (const auto& [from, to] : copied_.files) copy_file(from, to);
        config_.save(copy_.config_path());
        // The child's records are its own affair: whatever the parent has to write stands before them.
        in_rootfs_child(to_, config_, "lxc.hook.clone",
                        [this](const std::string& rootfs, process::Channel&) { finish_inside(rootfs); });
        copying.remove();
    }

    void copy_storage(const std::string& original_rootfs) {
        config_.set("lxc.rootfs.path", storage_->copy(to_, config_, journal_));
        const std::string mountpoint = rootfs_mountpoint(to_);
        if (!base::exists(mountpoint)) {
            const uint64_t record = journal_.intend("kernel", "tree", mountpoint);
            base::make_directories(mountpoint, 0755);
            journal_.complete(record, file_record(mountpoint));
        }
        if (options_.snapshot && shares_storage(original_rootfs, config_.get("lxc.rootfs.path")))
            remember_dependencies(to_, lenders(from_), journal_);
    }

    void copy_file(const std::string& from, const std::string& to) {
        const UniqueFd source = base::open_file(from, sdk::flags_of_given);
        struct stat facts {};
        if (::fstat(source.get(), &facts) != 0) throw Error::last("stat", from);
        base::make_directories(to.substr(0, to.rfind('/')), 0755);
        if (base::exists(to)) throw Error(EEXIST, to, "copy a file to", "the directory was not empty: see what is in it");
        const uint64_t record = journal_.intend("kernel", "file", to);
        const UniqueFd target = base::open_file(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
        journal_.complete(record, file_record(to));
        copy_content(source.get(), target.get(), facts, from, to);
        if (::fchmod(target.get(), facts.st_mode & 0777) != 0) throw Error::last("set the mode of", to);
    }

    static void copy_content(int source, int target, const struct stat& facts, const std::string& from, const std::string& to) {
        if (!S_ISREG(facts.st_mode)) return base::write_fd(target, sdk::read_given(source, from), to);
        ssize_t count;
        do count = ::sendfile(target, source, nullptr, 1 << 20);
        while (count > 0);
        if (count < 0) throw Error::last("copy a file to", to);
    }

    void finish_inside(const std::string& rootfs) const {
        Hooks hooks(to_, config_);
        hooks.set("LXC_SRC_NAME", from_.name());
        if (!rootfs.empty()) {
            hooks.set("LXC_ROOTFS_MOUNT", rootfs);
            // At this stage alone LXC tells the path with its prefix.
            hooks.set("LXC_ROOTFS_PATH", config_.get("lxc.rootfs.path"));
        }
        hooks.run("clone", base::join(options_.arguments, " "));
        plugin_hooks_.run(abi::HookStage::clone, rootfs);
        if (!rootfs.empty() && !options_.keep_name) write_host_name(rootfs, to_.name());
    }

    const Facts& from_;
    const Facts& to_;
    const Container& copy_;
    const CopiedConfig& copied_;
    config::Config& config_;
    const StorageCopier* storage_;
    StageHooks& plugin_hooks_;
    const CopyOptions& options_;
    lifecycle::Journal journal_;
};

}  // namespace

void Container::copy(const CopyOptions& options) {
    if (!defined()) throw Error(ENOENT, name_, "no such container", cat("containers are looked for in ", lxcpath_));
    refuse_partial(*this);
    if (!options.allow_running && state() != monitor::State::stopped)
        throw Error(EBUSY, name_, "the container is running", "stop it first, or use -a");
    const ContentLock reading(*this, ContentLock::Use::read);
    Container copy(options.name, options.lxcpath.empty() ? lxcpath_ : options.lxcpath);
    copy.settle();
    refuse_taken_name(copy);
    const Facts from(name_, lxcpath_, process::IdMap::from(config()));
    const Facts to(copy.name(), copy.lxcpath(), process::IdMap::from(config()));
    CopiedConfig copied = copied_config(config(), from, to, {options.keep_name, options.keep_addresses});
    // Plugins are loaded before an ordinary user enters the user namespace, in which root's files cannot be told from
    // anybody's.
    const Storage storage(from, config());
    const StorageCopyRequest request{options.storage, options.snapshot, options.bytes};
    const std::optional<StorageCopier> copier =
        storage.available() ? std::optional<StorageCopier>(std::in_place, storage, request) : std::nullopt;
    StageHooks plugin_hooks(to, copied.config);
    if (process::is_ordinary_user()) process::enter_user_privilege(from.idmap());
    if (storage.available()) storage.check();
    Copying(from, to, copy, copied, copier ? &*copier : nullptr, plugin_hooks, options).run(config().get("lxc.rootfs.path"));
}

}  // namespace keelson::container
