// The log of a command or monitor. One per process; lines in LXC's format, because programs parse them:
//   PROGRAM NAME YYYYMMDDhhmmss.mmm LEVEL    CATEGORY - FILE:FUNCTION:LINE - MESSAGE   (file)
//   PROGRAM: NAME: FILE: FUNCTION: LINE MESSAGE                                         (stderr, ERROR and above)
//   NAME CATEGORY - FILE:FUNCTION:LINE - MESSAGE                                        (syslog(3), from PROGRAM)
#pragma once

#include <kernel/base/packed.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace keelson::base {

enum class Level { trace, debug, info, notice, warn, error, crit, alert, fatal };

struct LogOptions {
    std::string program;    ///< first field: "lxc-start", "keelson"
    std::string container;  ///< second field; may be empty
    std::string file;       ///< appended to, made with 0640; empty: no file
    Level level = Level::error;
    std::optional<int> facility{};  ///< of syslog(3), which then gets the same lines as the file
    bool quiet = false;             ///< nothing on stderr
};

/// The line of code that a message comes from, as a default argument. (std::source_location is not there for clang 14.)
struct Where {
    const char* file;
    const char* function;
    unsigned line;
    static constexpr Where here(const char* file = __builtin_FILE(), const char* function = __builtin_FUNCTION(),
                                unsigned line = __builtin_LINE()) {
        return {file, function, line};
    }
};

/// Throws Error when the file cannot be opened.
void open_log(const LogOptions& options);
/// For the next program of this process: its log goes on as ours.
void pack_log(Packer& packed);
void unpack_log(Unpacker& packed);
/// Stops writing to stderr (a monitor in the background).
void detach_log_from_stderr() noexcept;
bool log_wants(Level level) noexcept;
void log(Level level, std::string_view message, Where where = Where::here()) noexcept;

inline void log_debug(std::string_view m, Where w = Where::here()) { log(Level::debug, m, w); }
inline void log_info(std::string_view m, Where w = Where::here()) { log(Level::info, m, w); }
inline void log_warn(std::string_view m, Where w = Where::here()) { log(Level::warn, m, w); }
inline void log_error(std::string_view m, Where w = Where::here()) { log(Level::error, m, w); }

}  // namespace keelson::base
