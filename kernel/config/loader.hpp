// Reading files into a configuration: lines, includes, and where an error was.
#pragma once

#include <kernel/config/state.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace keelson::config {

class Loader {
public:
    /// `problems` collects errors and goes on after each; null: the first one is thrown.
    explicit Loader(Config::State& state, std::vector<Error>* problems = nullptr) : state_(state), problems_(problems) {}

    void load_file(const std::string& path);
    /// Relative includes are relative to the working directory.
    void load_text(std::string_view text, const std::string& name);

private:
    void read_line(std::string_view line, const Origin& origin);
    void assign(std::string_view line, const Origin& origin);
    void include(const std::string& path, const Origin& origin, size_t column);
    void include_directory(int directory, const std::string& path);
    void keep(std::string_view line) {
        if (depth_ == 0) state_.text.append_raw(line);
    }

    Config::State& state_;
    std::vector<Error>* problems_;
    unsigned depth_ = 0;
};

}  // namespace keelson::config
