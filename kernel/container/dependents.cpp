#include <keelson/sdk/file.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/turn.hpp>
#include <kernel/container/dependents.hpp>
#include <kernel/container/undo.hpp>

#include <unistd.h>

#include <algorithm>

namespace keelson::container {
namespace {

std::string dependencies_file(const std::string& directory) { return directory + "/lxc_rdepends"; }

std::vector<Reference> read_list(const std::string& file) {
    std::vector<Reference> list;
    if (!base::exists(file)) return list;
    const std::string text = sdk::read_given_file(file);
    const std::vector<std::string_view> lines = base::split(text, '\n');
    for (size_t at = 0; at + 1 < lines.size(); at += 2) list.push_back({std::string(lines[at]), std::string(lines[at + 1])});
    return list;
}

void write_list(const std::string& file, const std::vector<Reference>& list) {
    if (list.empty()) {
        if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", file);
        return;
    }
    std::string text;
    for (const Reference& entry : list) text += cat(entry.lxcpath, "\n", entry.name, "\n");
    base::replace_file(file, text, 0644);
}

void add_dependent(const Reference& lender, const Reference& copy) {
    const UniqueFd turn = config::take_turn();
    const std::string file = dependents_file(lender.directory());
    std::vector<Reference> list = read_list(file);
    if (std::ranges::find(list, copy) != list.end()) return;
    list.push_back(copy);
    write_list(file, list);
}

}  // namespace

std::string dependents_file(const std::string& directory) { return directory + "/lxc_snapshots"; }

std::vector<Reference> lenders(const Facts& original) {
    std::vector<Reference> list = read_list(dependencies_file(original.directory()));
    if (list.empty()) list.push_back({original.lxcpath(), original.name()});
    return list;
}

void remember_dependencies(const Facts& copy, const std::vector<Reference>& lenders, lifecycle::Journal& journal) {
    const std::string file = dependencies_file(copy.directory());
    const uint64_t made = journal.intend("kernel", "file", file);
    write_list(file, lenders);
    journal.complete(made, file_record(file));
    for (const Reference& lender : lenders) {
        const uint64_t record = journal.intend("kernel", "dependent", lender.directory());
        add_dependent(lender, {copy.lxcpath(), copy.name()});
        journal.complete(record, {});
    }
}

void forget_dependent(const std::string& lender_directory, const Facts& copy) {
    const std::string file = dependents_file(lender_directory);
    if (!base::exists(file)) return;
    const UniqueFd turn = config::take_turn();
    std::vector<Reference> list = read_list(file);
    if (std::erase(list, Reference{copy.lxcpath(), copy.name()}) > 0) write_list(file, list);
}

void forget_dependencies(const Facts& copy) {
    for (const Reference& lender : read_list(dependencies_file(copy.directory()))) forget_dependent(lender.directory(), copy);
}

}  // namespace keelson::container
