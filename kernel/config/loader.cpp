#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <keelson/sdk/file.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/config/key_lookup.hpp>
#include <kernel/config/loader.hpp>

namespace keelson::config {

namespace {

constexpr unsigned deepest_include = 32;

/// Together. Files that each include the next one twice are many before they are nested deeply.
constexpr size_t most_included = 64 << 20, least_of_file = 4096;

/// The error of a key, told as that of a place in a file.
Error placed(const Error& error, const Origin& origin, size_t column) {
    const std::string place = cat(origin.file, ':', origin.line, ':', column);
    Error result(error.code(), place, cat(error.message(), ' ', error.object(), ", in"), error.hint());
    for (const std::string& where : error.where()) result.at(where);
    return result;
}

bool is_directory(int fd) {
    struct stat facts {};
    return ::fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode);
}

std::vector<std::string> sorted_conf_files(int directory, const std::string& path) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(::fcntl(directory, F_DUPFD_CLOEXEC, 0)), ::closedir);
    if (!stream) throw Error::last("list", path);
    std::vector<std::string> names;
    for (errno = 0; const dirent* const entry = ::readdir(stream.get()); errno = 0) {
        const std::string_view name = entry->d_name;
        if (name.size() >= 6 && name.ends_with(".conf")) names.emplace_back(name);
    }
    if (errno != 0) throw Error::last("list", path);
    std::ranges::sort(names);
    return names;
}

/// Nothing follows a NUL, as in LXC, where a file's content is one C string.
std::string_view until_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

}  // namespace

void Loader::load_file(const std::string& path) { load_text(sdk::read_given_file(path), path); }

bool Loader::load_file_if_there(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), sdk::flags_of_given));
    if (!file && !base::exists(path)) return false;
    if (!file) throw Error::last("open", path);
    load_text(sdk::read_given(file.get(), path), path);
    return true;
}

void Loader::load_text(std::string_view text, const std::string& name) {
    Origin origin{name, 0};
    state_.expect(text.size());
    for (std::string_view rest = until_nul(text); !rest.empty();) {
        const std::string_view line = take_line(rest);
        ++origin.line;
        try {
            read_line(line, origin);
        } catch (const Error& error) {
            if (observer_ == nullptr) throw;
            observer_->failed(error);
        }
    }
    if (observer_ != nullptr && text.find('\0') != std::string_view::npos) observer_->cut(origin);
}

void Loader::read_line(std::string_view line, const Origin& origin) {
    if (!is_assignment(line)) {
        if (observer_ != nullptr) observer_->foreign(line, origin);
        return keep(line);
    }
    const Assignment parts = take_apart(without_end(line));
    if (parts.key == "lxc.include" && parts.has_equals) {
        keep(line);
        if (!parts.value.empty()) include(std::string(parts.value), origin, parts.key_at + 1);
        return;
    }
    try {
        assign(line, parts, origin);
        if (observer_ != nullptr) observer_->assigned(parts, origin);
    } catch (const Error& error) {
        keep(line);
        throw placed(error, origin, parts.key_at + 1);
    }
}

void Loader::assign(std::string_view line, const Assignment& parts, const Origin& origin) {
    if (!parts.has_equals) throw Error(0, std::string(parts.key), "expected \"KEY = VALUE\", found no '=' after");
    const std::vector<std::string>& values = state_.apply(parts.key, parts.value, origin);
    // A hardware address that was drawn stays the same from now on, if the text is saved.
    const auto device = device_key(parts.key);
    const bool drawn = device && device->rest == "hwaddr" && !values.empty() && values.front() != parts.value;
    if (!drawn) return keep(line);
    const std::string_view body = without_end(line);
    keep(cat(body.substr(0, parts.value_at), values.front(), line.substr(body.size())));
}

void Loader::include(const std::string& path, const Origin& origin, size_t column) {
    const auto fail = [&](int code, std::string_view message, std::string hint) {
        return placed(Error(code, path, std::string(message), std::move(hint)), origin, column);
    };
    if (depth_ >= deepest_include) throw fail(ELOOP, "includes are nested too deeply at", "does the file include itself?");
    const UniqueFd file(::open(path.c_str(), sdk::flags_of_given));
    if (!file && errno == ENOENT && path.ends_with('/')) return;
    if (!file) throw fail(errno, "open the included file", {});
    ++depth_;
    try {
        if (is_directory(file.get()))
            include_directory(file.get(), path);
        else
            load_text(read_included(file.get(), path), path);
    } catch (Error& error) {
        --depth_;
        throw error.at(cat("included at ", origin.file, ':', origin.line));
    }
    --depth_;
}

std::string Loader::read_included(int file, const std::string& path) {
    std::string text = sdk::read_given(file, path);
    included_ += std::max(text.size(), least_of_file);
    if (included_ > most_included)
        throw Error(EFBIG, path, "too much is included, at last by", "does a file include others twice?");
    return text;
}

void Loader::include_directory(int directory, const std::string& path) {
    for (const std::string& name : sorted_conf_files(directory, path)) {
        const std::string file_path = cat(path, path.ends_with('/') ? "" : "/", name);
        const UniqueFd file(::openat(directory, name.c_str(), sdk::flags_of_given));
        if (!file) throw Error::last("open the included file", file_path);
        if (is_directory(file.get())) {
            base::log_error(cat(file_path, ": a directory, so it is not included"));
        } else {
            load_text(read_included(file.get(), file_path), file_path);
        }
    }
}

}  // namespace keelson::config
