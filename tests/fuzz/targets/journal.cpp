// A dead monitor's journal: whatever stands in it, what is left to undo can be read, struck out and closed, and a new record is
// found again.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <kernel/base/file.hpp>
#include <kernel/lifecycle/journal.hpp>
#include <tests/fuzz/targets/require.hpp>

#include <algorithm>

namespace {

using namespace keelson;
using fuzz::require;
using lifecycle::Journal;
using lifecycle::Record;

/// A runtime directory's place on tmpfs, gone with the fuzzer.
struct Place {
    Place() { require(::mkdtemp(top) != nullptr, "a directory can be made like", top); }
    ~Place() { ::rmdir(top); }
    char top[32] = "/dev/shm/klt-fuzz-XXXXXX";
};

const std::string& directory() {
    static const Place place;
    static const std::string path = cat(place.top, "/run");
    return path;
}

void put(const std::string& text) {
    base::make_directories(directory(), 0700);
    const UniqueFd file = base::open_file(directory() + "/journal", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (!text.empty()) base::write_fd(file.get(), text, "journal");
}

void check_new_record(Journal& journal) {
    const std::string odd = "a b\\n\nc";
    const uint64_t id = journal.intend("storage", "loop", odd);
    journal.complete(id, "");
    const std::vector<Record> records = journal.open_records();
    require(!records.empty() && records.back().id == id && records.back().text == odd, "a new record is read");
}

/// As lifecycle::unwind does.
void strike_all(Journal& journal) {
    const std::vector<Record> records = journal.open_records();
    for (auto record = records.rbegin(); record != records.rend(); ++record) journal.strike(record->id);
    require(journal.open_records().empty(), "what was struck out is gone");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
    put(std::string(reinterpret_cast<const char*>(data), size));
    std::optional<Journal> journal = Journal::of_the_dead(directory());
    require(journal.has_value(), "a dead monitor's journal is found");
    check_new_record(*journal);
    strike_all(*journal);
    journal->close();
    require(!base::exists(directory() + "/journal"), "a journal that is closed is gone");
    return 0;
}
