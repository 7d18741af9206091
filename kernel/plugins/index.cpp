#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/plugins/index.hpp>
#include <kernel/plugins/places.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <type_traits>

namespace keelson::plugins {
namespace {

// The file: magic, checksum of the rest, and for each entry a Head, the bytes it counts, and zeroes up to a multiple of 8.
constexpr std::string_view magic = "keelson-plugin 1";

struct Head {
    Stamp stamp;
    uint64_t path, descriptor, keys;
};
static_assert(std::has_unique_object_representations_v<Head>);

/// Eight bytes at a time, so that reading is not slower than asking the files; any one changed word changes it.
uint64_t checksum(std::string_view bytes) {
    uint64_t sum = bytes.size();
    for (; bytes.size() >= sizeof sum; bytes.remove_prefix(sizeof sum)) {
        uint64_t word;
        std::memcpy(&word, bytes.data(), sizeof word);
        sum = (sum ^ word) * 0x9e37'79b9'7f4a'7c15;
    }
    return sum;
}

template <typename Plain>
std::string_view bytes_of(const Plain& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

void append(std::string& text, const Stamp& stamp, const std::string& path, const SectionsView& sections) {
    const Head head{stamp, path.size(), sections.descriptor.size(), sections.keys.size()};
    text.append(bytes_of(head)).append(path).append(sections.descriptor).append(sections.keys);
    text.resize((text.size() + 7) & ~size_t{7});
}

std::string with_preamble(const std::string& entries) {
    const uint64_t sum = checksum(entries);
    return std::string(magic).append(bytes_of(sum)).append(entries);
}

/// Takes `size` bytes off the front of `rest`, or all of it if there are fewer.
std::string_view take_off(std::string_view& rest, uint64_t size) {
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(taken.size());
    return taken;
}

bool is_own(const struct stat& status) {
    return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// A file without a name, which nothing is left of if its writer dies.
UniqueFd nameless_file_in(const std::string& directory) try {
    base::make_directories(directory, 0700);
    return base::open_file(directory, O_TMPFILE | O_WRONLY, 0600);
} catch (const Error& error) {
    base::log_debug(cat("no index of the plugins: ", error.what()));
    return {};
}

/// When two write at once, one of the two files gets the name.
void give_name(int file, const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", path);
    const std::string link = cat("/proc/self/fd/", file);
    if (::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST)
        throw Error::last("make", path);
}

/// What changes soon after it was read may have the same stamp still: file systems count time in steps of up to two seconds.
bool is_settled(const Stamp& stamp, int64_t now) {
    constexpr int64_t longest_step = 2'000'000'000;
    return stamp.changed_ns < now - longest_step && stamp.modified_ns < now - longest_step;
}

/// Reads all plugins for a new index.
class Reader {
public:
    explicit Reader(TrustedFiles& trusted) : trusted_(trusted) {
        timespec time{};
        ::clock_gettime(CLOCK_REALTIME, &time);
        now_ = Stamp::nanoseconds(time);
    }

    /// False if anything in it is too young.
    bool read_folder(const std::string& folder) {
        struct stat status {};
        if (::stat(folder.c_str(), &status) != 0) return true;
        if (!add(folder, status, {})) return false;
        const std::vector<std::string> names = plugin_names(base::names_in(folder));
        return std::all_of(names.begin(), names.end(),
                           [&](const std::string& name) { return read_file(plugin_path(folder, name)); });
    }

    const std::string& entries() const noexcept { return entries_; }

private:
    bool read_file(const std::string& path) {
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0) return false;
        Sections sections;
        if (S_ISREG(status.st_mode)) try {
                const UniqueFd file = trusted_.open(path);
                if (::fstat(file.get(), &status) == 0) sections = read_sections(file.get(), path);
            } catch (const Error&) {  // told to whoever asks for this plugin
            }
        return add(path, status, sections);
    }

    bool add(const std::string& path, const struct stat& status, const SectionsView& sections) {
        const Stamp stamp(status);
        append(entries_, stamp, path, sections);
        return is_settled(stamp, now_);
    }

    TrustedFiles& trusted_;
    int64_t now_ = 0;
    std::string entries_;
};

}  // namespace

const Index::Entry* Index::find(std::string_view path, const Stamp& stamp) {
    if (!loaded_) load();
    const auto found = std::ranges::find(entries_, path, &Entry::path);
    return found != entries_.end() && found->stamp == stamp ? &*found : nullptr;
}

std::vector<std::string> Index::names_in(const Entry& folder) const {
    const std::string stem = cat(folder.path, "/");
    std::vector<std::string> names;
    for (const Entry& entry : entries_)
        if (entry.path.starts_with(stem)) names.emplace_back(entry.path.substr(stem.size()));
    return plugin_names(names);
}

void Index::load() {
    loaded_ = true;
    if (path_.empty()) return;
    const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || !is_own(status)) return;
    std::string text(static_cast<size_t>(status.st_size), '\0');
    if (::read(file.get(), text.data(), text.size()) == status.st_size) take(std::move(text));
}

/// All of it, or nothing.
bool Index::take(std::string text) {
    entries_.clear();
    text_ = std::move(text);
    std::string_view rest = text_;
    uint64_t sum = 0;
    if (take_off(rest, magic.size()) != magic || rest.size() < sizeof sum || rest.size() % 8 != 0) return false;
    std::memcpy(&sum, take_off(rest, sizeof sum).data(), sizeof sum);
    if (sum != checksum(rest)) return false;
    while (rest.size() >= sizeof(Head)) {
        Head head;
        std::memcpy(&head, take_off(rest, sizeof head).data(), sizeof head);
        const std::string_view path = take_off(rest, head.path), descriptor = take_off(rest, head.descriptor);
        entries_.push_back({head.stamp, path, {descriptor, take_off(rest, head.keys)}});
        take_off(rest, rest.size() % 8);
    }
    return true;
}

bool Index::refresh(const std::vector<std::string>& directories, TrustedFiles& trusted) {
    if (path_.empty() || refreshed_) return false;
    refreshed_ = true;
    const UniqueFd file = nameless_file_in(parent_of(path_));
    if (!file) return false;
    try {
        Reader reader(trusted);
        for (const std::string& directory : directories)
            for (const std::string_view kind : kinds)
                if (!reader.read_folder(cat(directory, "/", kind))) return false;
        std::string text = with_preamble(reader.entries());
        base::write_fd(file.get(), text, path_);
        give_name(file.get(), path_);
        return take(std::move(text));
    } catch (const Error& error) {
        base::log_debug(cat("no index of the plugins: ", error.what()));
        return false;
    }
}

}  // namespace keelson::plugins
