#include <keelson/sdk/context.hpp>
#include <keelson/sdk/file.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/second_try.hpp>
#include <kernel/base/text.hpp>
#include <kernel/filesystem/tree.hpp>
#include <kernel/lifecycle/journal.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace keelson::lifecycle {
namespace {

constexpr std::string_view magic = "keelson-journal 1";
constexpr std::string_view ended = "! ended\n";

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case ' ':
                out += "\\s";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        out += c == 'n' ? '\n' : c == 's' ? ' ' : c;
    }
    return out;
}

/// False: another process holds it.
bool lock(int fd, const std::string& path) {
    struct flock whole {};
    whole.l_type = F_WRLCK;
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (::fcntl(fd, F_OFD_SETLK, &whole) == 0) return true;
        if (errno == EAGAIN || errno == EACCES) return false;
    }
    throw Error::last("lock", path);
}

bool says_ended(const std::string& path) {
    const std::optional<std::string> text = sdk::try_read_file(path);
    return text && text->find(cat("\n", ended)) != text->npos;
}

/// False: the monitor lives, or whoever takes back what is open is not done in time.
bool lock_of_the_dead(int fd, const std::string& path, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!lock(fd, path)) {
        if (std::chrono::steady_clock::now() >= end || !says_ended(path)) return false;
        const timespec pause{0, 500'000};
        ::nanosleep(&pause, nullptr);
    }
    return true;
}

/// The lock can be taken between another process's last look at the file and its unlink: what we hold must be what stands
/// there.
bool still_there(int fd, const std::string& path) {
    struct stat ours {
    }, named{};
    if (::fstat(fd, &ours) != 0) throw Error::last("stat", path);
    if (::stat(path.c_str(), &named) != 0) {
        if (errno == ENOENT) return false;
        throw Error::last("stat", path);
    }
    return ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/// Of the container, and of the lxcpath with its last container. One more try for what passes; an empty directory harms nobody.
void remove_directories(const std::string& directory) noexcept {
    for (const std::string_view path :
         {std::string_view(directory), std::string_view(directory).substr(0, directory.rfind('/'))})
        for (int attempt = 0; attempt < 2 && ::rmdir(std::string(path).c_str()) != 0; ++attempt)
            if (errno == ENOENT || errno == ENOTEMPTY) break;
}

/// Lines that were written whole.
std::vector<std::string_view> whole_lines(std::string_view text) {
    text = text.substr(0, text.rfind('\n') + 1);
    std::vector<std::string_view> lines = base::split(text, '\n');
    if (!lines.empty()) lines.pop_back();
    return lines;
}

void apply(std::vector<Record>& records, std::string_view line) {
    const std::vector<std::string_view> fields = base::split(line, ' ');
    const auto id = fields.size() < 2 ? std::nullopt : base::parse_unsigned(fields[1]);
    if (!id) return;
    const auto known = std::ranges::find(records, *id, &Record::id);
    if (fields[0] == "+" && fields.size() == 5) {
        records.push_back({*id, unescape(fields[2]), unescape(fields[3]), unescape(fields[4]), false});
    } else if (fields[0] == "=" && known != records.end()) {
        known->complete = true;
        if (fields.size() == 3 && !fields[2].empty()) known->text = unescape(fields[2]);
    } else if (fields[0] == "-" && known != records.end()) {
        records.erase(known);
    }
}

bool is_empty(int fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) throw Error::last("stat", path);
    return status.st_size == 0;
}

/// The last container of a directory may take it away between our steps, and who recovers an empty journal, its file.
UniqueFd open_locked(const std::string& directory, const std::string& path) {
    for (int tries = 0;; ++tries) {
        try {
            base::make_directories(directory, 0700);
            UniqueFd file = base::open_file(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
            if (!lock(file.get(), path)) throw Error(EBUSY, path, "another process is starting or running this container");
            if (still_there(file.get(), path)) return file;
        } catch (const Error& error) {
            const int most_tries = error.code() == ENOENT ? 100 : error.code() == EBUSY ? 0 : 1;
            if (tries < most_tries) continue;
            remove_directories(directory);
            throw;
        }
    }
}

}  // namespace

Journal::Journal(std::string directory, UniqueFd file) : directory_(std::move(directory)), file_(std::move(file)) {}

Journal Journal::create(const std::string& runtime_directory, const std::string& lxcpath, const std::string& name) {
    const std::string path = runtime_directory + "/journal";
    Journal journal(runtime_directory, open_locked(runtime_directory, path));
    journal.lxcpath_ = lxcpath;
    journal.name_ = name;
    try {
        if (journal.has_open_records()) return journal;
        journal.append(cat(magic, " ", escape(lxcpath), " ", escape(name), "\n"));
    } catch (...) {
        journal.close();
        throw;
    }
    return journal;
}

/// Also makes it new when there are none. A file that is empty already is left alone: ext4 writes what was truncated to the
/// disk when it is closed (auto_da_alloc in ext4(5)), and that would be waited for at the end of each container.
bool Journal::has_open_records() {
    const std::string path = directory_ + "/journal";
    if (is_empty(file_.get(), path)) return false;
    read_header();
    if (!open_records().empty()) return true;
    next_id_ = 1;
    if (::ftruncate(file_.get(), 0) != 0) throw Error::last("truncate", path);
    return false;
}

std::optional<Journal> Journal::of_the_dead(const std::string& runtime_directory, std::chrono::milliseconds patience) {
    const std::string path = runtime_directory + "/journal";
    UniqueFd file(::open(path.c_str(), O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
    if (!file && errno != ENOENT) throw Error::last("open", path);
    if (!file || !lock_of_the_dead(file.get(), path, patience) || !still_there(file.get(), path)) return std::nullopt;
    Journal journal(runtime_directory, std::move(file));
    journal.read_header();
    if (!journal.name_.empty()) journal.say_ended();
    return journal;
}

Journal Journal::held(std::string runtime_directory, UniqueFd file) {
    Journal journal(std::move(runtime_directory), std::move(file));
    base::with_second_try([&journal] { journal.read_header(); });
    return journal;
}

/// By the descriptor: somebody may have removed the directory of a container that runs.
std::string Journal::written() const {
    const std::string path = directory_ + "/journal";
    if (::lseek(file_.get(), 0, SEEK_SET) < 0) throw Error::last("read", path);
    return base::read_fd(file_.get(), path);
}

/// What is appended to half a line would be lost with it.
void Journal::cut_off_half_line(std::string_view text) {
    const size_t whole = text.rfind('\n') + 1;
    if (whole < text.size() && ::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0)
        throw Error::last("cut off half a line of", directory_ + "/journal");
}

void Journal::read_header() {
    const std::string text = written();
    cut_off_half_line(text);
    for (const std::string_view line : whole_lines(text)) {
        const std::vector<std::string_view> fields = base::split(line, ' ');
        if (line.starts_with(magic) && fields.size() == 4) {
            lxcpath_ = unescape(fields[2]);
            name_ = unescape(fields[3]);
        } else if (fields.size() > 1) {
            next_id_ = std::max(next_id_, base::parse_unsigned(fields[1]).value_or(0) + 1);
        }
    }
}

/// Where there is no room for a whole line there is none for half of it, to which the next one would be added.
void Journal::append(const std::string& line) {
    const std::string path = directory_ + "/journal";
    try {
        base::write_fd(file_.get(), line, path);
    } catch (const Error&) {
        cut_off_half_line(written());
        throw;
    }
}

uint64_t Journal::intend(std::string_view kind, std::string_view plugin, std::string_view text) {
    const uint64_t id = next_id_++;
    append(cat("+ ", id, " ", escape(kind), " ", escape(plugin), " ", escape(text), "\n"));
    return id;
}

void Journal::complete(uint64_t id, std::string_view text) { append(cat("= ", id, " ", escape(text), "\n")); }

void Journal::strike(uint64_t id) { append(cat("- ", id, "\n")); }

void Journal::say_ended() { append(std::string(ended)); }

std::vector<Record> Journal::open_records() const {
    std::vector<Record> records;
    const std::string text = written();
    for (const std::string_view line : whole_lines(text)) apply(records, line);
    return records;
}

void Journal::close() {
    const std::string journal = directory_ + "/journal";
    for (const std::string& name : base::names_in(directory_)) {
        const std::string path = cat(directory_, "/", name);
        if (name != "journal") filesystem::remove_tree(path);
    }
    // Last, because nobody else begins here as long as it stands; once it is gone the directory may be theirs.
    if (::unlink(journal.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", journal);
    remove_directories(directory_);
    file_.reset();
}

PluginRecords::PluginRecords(Journal& journal, std::string kind, std::string plugin)
    : journal_(journal), kind_(std::move(kind)), plugin_(std::move(plugin)) {}

abi::Status PluginRecords::intend(abi::StringView text, uint64_t* id, abi::ErrorSink* error) noexcept {
    return sdk::guard(error, [&] { *id = journal_.intend(kind_, plugin_, sdk::from_abi(text)); });
}

abi::Status PluginRecords::complete(uint64_t id, abi::StringView text, abi::ErrorSink* error) noexcept {
    return sdk::guard(error, [&] { journal_.complete(id, sdk::from_abi(text)); });
}

}  // namespace keelson::lifecycle
