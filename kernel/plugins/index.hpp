// What stands in the plugins' files, kept in one small file, so that a command need not open each of them.
//
// The index spares reading, never looking: who may write a file and the directories above it is looked at each time, and what
// the index has of a file is taken only while the file has the stamp that it had when it was read. So an old index, another's
// or a damaged one costs time and nothing else. It is written whole or not at all, by whoever finds it missing or outdated.
#pragma once

#include <kernel/plugins/inspect.hpp>
#include <kernel/plugins/stamp.hpp>
#include <kernel/plugins/trusted_file.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace keelson::plugins {

class Index {
public:
    /// Of a plugin file, or of a folder of them, which has neither section; nor has a file that could not be read.
    struct Entry {
        Stamp stamp;
        std::string_view path;
        SectionsView sections;
    };

    /// `path` is where it is kept, in a directory that is made; empty: nowhere, and nothing is ever found.
    explicit Index(std::string path) : path_(std::move(path)) {}

    /// Null if it has nothing of `path` with that stamp.
    const Entry* find(std::string_view path, const Stamp& stamp);
    /// The plugins' names in a folder that was found.
    std::vector<std::string> names_in(const Entry& folder) const;

    /// Reads all plugins below `directories` and writes the index anew, once a process at most. False if that cannot be:
    /// nowhere to write, or a file so young that it could change without its stamp changing.
    bool refresh(const std::vector<std::string>& directories, TrustedFiles& trusted);

private:
    void load();
    bool take(std::string text);

    std::string path_, text_;
    std::vector<Entry> entries_;
    bool loaded_ = false, refreshed_ = false;
};

}  // namespace keelson::plugins
