// Reading files into a configuration: lines, includes, and where an error was.
#pragma once

#include <kernel/config/state.hpp>

#include <string>
#include <string_view>

namespace keelson::config {

/// Hears of every line, and of all errors instead of the first.
class LineObserver {
public:
    virtual void failed(const Error& error) = 0;
    /// A line that the language does not read: a comment, a blank one, somebody else's.
    virtual void foreign(std::string_view line, const Origin& origin) = 0;
    /// What follows the line is ignored, because of a NUL byte.
    virtual void cut(const Origin& origin) = 0;
    /// The line is in effect.
    virtual void assigned(const Assignment& line, const Origin& origin) = 0;

protected:
    ~LineObserver() = default;
};

class Loader {
public:
    /// Without an observer the first error is thrown.
    explicit Loader(Config::State& state, LineObserver* observer = nullptr) : state_(state), observer_(observer) {}

    void load_file(const std::string& path);
    /// False: there is no such file.
    bool load_file_if_there(const std::string& path);
    /// Relative includes are relative to the working directory.
    void load_text(std::string_view text, const std::string& name);

private:
    void read_line(std::string_view line, const Origin& origin);
    void assign(std::string_view line, const Assignment& parts, const Origin& origin);
    void include(const std::string& path, const Origin& origin, size_t column);
    void include_directory(int directory, const std::string& path);
    std::string read_included(int file, const std::string& path);
    void keep(std::string_view line) {
        if (depth_ == 0) state_.text.append_raw(line);
    }

    Config::State& state_;
    LineObserver* observer_;
    unsigned depth_ = 0;
    size_t included_ = 0;  ///< bytes
};

}  // namespace keelson::config
