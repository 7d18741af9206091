#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include <kernel/plugins/crash_guard.hpp>
#include <kernel/plugins/loader.hpp>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <deque>
#include <map>
#include <string>

namespace keelson::plugins {
namespace {

/// A read-only mount that nobody else has, of the directory `path` or, with an empty one, of the file `fd`: through it, not
/// even root can get at a file for writing (mount_setattr(2)). No value without the privilege for that.
UniqueFd read_only_clone(int fd, const std::string& path) {
    UniqueFd clone(
        static_cast<int>(::syscall(SYS_open_tree, fd, path.c_str(), AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!clone) {
        if (errno == EPERM || errno == ENOSYS || errno == EINVAL) return {};
        throw Error::last("open_tree", path);
    }
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (::syscall(SYS_mount_setattr, clone.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
        if (errno == ENOSYS) return {};
        throw Error::last("mount_setattr", path);
    }
    return clone;
}

bool same_file(int one, int other) {
    struct stat a {
    }, b{};
    return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// One mount serves all plugins below DIRECTORY, because each mount costs a grace period when it goes. Not those that a link
/// or a mount leads to.
UniqueFd open_in_shared_clone(int file, const std::string& path) {
    static auto& clones = *new std::map<std::string, UniqueFd>;
    const size_t kind = path.rfind('/', path.rfind('/') - 1);
    const std::string directory = path.substr(0, kind);
    const auto [clone, missing] = clones.try_emplace(directory);
    if (missing) clone->second = read_only_clone(AT_FDCWD, directory);
    if (!clone->second) return {};
    open_how how{};
    how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    UniqueFd found(static_cast<int>(::syscall(SYS_openat2, clone->second.get(), path.c_str() + kind + 1, &how, sizeof how)));
    return found && same_file(found.get(), file) ? std::move(found) : UniqueFd();
}

/// A descriptor of the same file on a read-only mount; without the privilege for that the file's own. `path` is
/// DIRECTORY/KIND/NAME.so.
UniqueFd on_read_only_mount(UniqueFd file, const std::string& path) {
    UniqueFd clone = open_in_shared_clone(file.get(), path);
    if (!clone) clone = read_only_clone(file.get(), "");
    return clone ? std::move(clone) : std::move(file);
}

/// A loaded object. The descriptor stays open with it: "/proc/self/fd/N" is the name by which the dynamic loader knows the
/// object, and a name that came again would give the wrong one.
struct Kept {
    UniqueFd fd;
    boost::dll::shared_library library;
};

/// Objects are never unloaded: their destructors may run at exit, and pointers into them are everywhere.
Kept& keep(UniqueFd fd) {
    static auto& all = *new std::deque<Kept>;
    return all.emplace_back(std::move(fd));
}

/// Turns dlerror(3)'s text, "OBJECT: words", into words about the plugin.
Error not_loadable(std::string_view text, const std::string& object, const std::string& path) {
    if (text.starts_with(object + ": ")) text.remove_prefix(object.size() + 2);
    constexpr std::string_view undefined = "undefined symbol: ", missing = ": cannot open shared object file";
    if (text.starts_with(undefined))
        return {0, path, cat("undefined symbol ", text.substr(undefined.size()), " in"),
                "link what defines it (LIBRARIES of keelson_add_plugin); Keelson itself offers plugins no symbols"};
    if (const size_t end = text.find(missing); end != std::string_view::npos)
        return {0, path, cat("library ", text.substr(0, end), " is missing, needed by"), "install the package that has it"};
    if (text.find("failed to map segment") != std::string_view::npos)
        return {0, path, cat(text, ":"), "is it on a filesystem that is mounted noexec?"};
    return {0, path, cat(text, ":")};
}

/// What is done under the crash guard, and what came of it.
struct Attempt {
    boost::dll::shared_library& library;
    std::string object;
    const PluginFile& file;
    std::string loader_error;
    bool opened = false;
    void* interface = nullptr;
    sdk::ErrorCollector errors;

    void run() {
        std::error_code failed;
        library.load(object, failed, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
        if (failed) {
            const char* text = ::dlerror();
            loader_error = text ? text : failed.message();
            return;
        }
        if (!library.has(KEELSON_PLUGIN_SYMBOL)) return;
        const auto& descriptor = library.get<const abi::PluginDescriptor>(KEELSON_PLUGIN_SYMBOL);
        opened = file.kind == descriptor.kind && file.name == descriptor.name && descriptor.open;
        if (opened) interface = descriptor.open(&errors);
    }
};

Error crash(int signal, const std::string& path) {
    const char* name = ::sigabbrev_np(signal);
    return {0, path, cat("crashed while it was loaded (SIG", name ? name : "?", "):"),
            cat("remove or mend the plugin; keelson plugin check ", path, " tries it in a process of its own")};
}

}  // namespace

void* load_object(UniqueFd fd, const PluginFile& file, bool* crashed) {
    Kept& kept = keep(on_read_only_mount(std::move(fd), file.path));
    Attempt attempt{kept.library, cat("/proc/self/fd/", kept.fd.get()), file, {}, false, nullptr, {}};
    const int signal = signal_while([](void* argument) { static_cast<Attempt*>(argument)->run(); }, &attempt);
    if (signal != 0) {
        *crashed = true;
        throw crash(signal, file.path);
    }
    if (!attempt.loader_error.empty()) throw not_loadable(attempt.loader_error, attempt.object, file.path);
    if (!attempt.opened)
        throw Error(0, file.path, "the symbol " KEELSON_PLUGIN_SYMBOL " is not what the file's descriptor says in",
                    "declare the plugin with KEELSON_NETWORK or its like and build it with keelson_add_plugin()");
    if (attempt.interface) return attempt.interface;
    if (attempt.errors.failure()) throw Error(*attempt.errors.failure()).at(cat("opening plugin ", file.path));
    throw Error(0, file.path,
                "opened to nothing, without giving a reason:", "the plugin's open() has to return an object or report why not");
}

}  // namespace keelson::plugins
