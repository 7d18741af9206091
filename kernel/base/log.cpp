#include <fcntl.h>
#include <sys/time.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>

namespace keelson::base {

namespace {

/// Never destroyed: somebody may log while the program ends.
struct Sink {
    LogOptions options;
    UniqueFd file;
    bool to_stderr = true;
};

Sink& sink() {
    static Sink* const only = new Sink;
    return *only;
}

constexpr std::array<const char*, 9> level_names = {"TRACE", "DEBUG", "INFO",  "NOTICE", "WARN",
                                                    "ERROR", "CRIT",  "ALERT", "FATAL"};

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }
std::string_view stem(std::string_view file) { return file.substr(0, file.find_last_of('.')); }

std::string time_stamp() {
    timeval now{};
    ::gettimeofday(&now, nullptr);
    tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    char text[32];
    const size_t length = std::strftime(text, sizeof text, "%Y%m%d%H%M%S", &parts);
    std::snprintf(text + length, sizeof text - length, ".%03ld", static_cast<long>(now.tv_usec / 1000));
    return text;
}

/// One line stays one line, whatever a message was made of, and does nothing to the terminal that it is read on.
std::string one_line(std::string_view message) {
    std::string text(message);
    for (char& byte : text) {
        if (byte == '\n' || byte == '\r' || byte == '\t') byte = ' ';
    }
    return printable(text);
}

void write_line(int fd, const std::string& line) {
    [[maybe_unused]] const ssize_t lost = ::write(fd, line.data(), line.size());  // nowhere is left to complain to
}

void write_to_file(const Sink& to, Level level, std::string_view message, const Where& where) {
    std::string name = level_names[static_cast<size_t>(level)];
    name.resize(8, ' ');
    const std::string_view file = base_name(where.file);
    write_line(to.file.get(), cat(to.options.program, ' ', to.options.container, ' ', time_stamp(), ' ', name, ' ', stem(file),
                                  " - ", file, ':', where.function, ':', where.line, " - ", message, '\n'));
}

void write_to_syslog(const Sink& to, Level level, std::string_view message, const Where& where) {
    static constexpr std::array<int, 9> priorities = {LOG_DEBUG, LOG_DEBUG, LOG_INFO,  LOG_NOTICE, LOG_WARNING,
                                                      LOG_ERR,   LOG_CRIT,  LOG_ALERT, LOG_EMERG};
    const std::string name = to.options.container.empty() ? std::string() : cat(to.options.container, ' ');
    const std::string_view file = base_name(where.file);
    const std::string line = cat(name, stem(file), " - ", file, ':', where.function, ':', where.line, " - ", message);
    ::syslog(priorities[static_cast<size_t>(level)], "%s", line.c_str());
}

void write_to_stderr(const Sink& to, std::string_view message, const Where& where) {
    const std::string name = to.options.container.empty() ? std::string() : cat(to.options.container, ": ");
    write_line(STDERR_FILENO, cat(to.options.program, ": ", name, base_name(where.file), ": ", where.function, ": ", where.line,
                                  ' ', message, '\n'));
}

/// Cannot fail: a descriptor is not unpacked twice.
void use(LogOptions options, UniqueFd file) noexcept {
    Sink& to = sink();
    if (to.options.facility) ::closelog();
    to.options = std::move(options);
    // Connected now: later, in a container, /dev/log is another.
    if (to.options.facility) ::openlog(to.options.program.c_str(), LOG_PID | LOG_NDELAY, *to.options.facility);
    to.file = std::move(file);
    to.to_stderr = !to.options.quiet;
}

}  // namespace

void open_log(const LogOptions& options) {
    UniqueFd file;
    // Nobody waits for the reader of a pipe.
    constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK;
    if (!options.file.empty()) file = open_file(options.file, flags, 0640);
    use(options, std::move(file));
}

void pack_log(Packer& packed) {
    const Sink& from = sink();
    packed.text(from.options.program);
    packed.text(from.options.container);
    packed.text(from.options.file);
    packed.number(static_cast<int>(from.options.level));
    packed.number(from.options.facility.value_or(-1));
    packed.number(!from.to_stderr);
    packed.fd(from.file.get());
}

void unpack_log(Unpacker& packed) {
    LogOptions options;
    options.program = packed.text();
    options.container = packed.text();
    options.file = packed.text();
    options.level = static_cast<Level>(packed.number<int>());
    if (const int facility = packed.number<int>(); facility >= 0) options.facility = facility;
    options.quiet = packed.flag();
    use(std::move(options), packed.fd());
}

void detach_log_from_stderr() noexcept { sink().to_stderr = false; }

bool log_wants(Level level) noexcept {
    const Sink& to = sink();
    return ((to.file || to.options.facility) && level >= to.options.level) || (to.to_stderr && level >= Level::error);
}

void log(Level level, std::string_view message, Where where) noexcept try {
    const Sink& to = sink();
    const std::string line = one_line(message);
    if (to.file && level >= to.options.level) write_to_file(to, level, line, where);
    if (to.options.facility && level >= to.options.level) write_to_syslog(to, level, line, where);
    if (to.to_stderr && level >= Level::error) write_to_stderr(to, line, where);
} catch (...) {
    // Out of memory: the line is lost, its caller goes on.
}

}  // namespace keelson::base
