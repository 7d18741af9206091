#include <conformance/journal.hpp>
#include <keelson/sdk/context.hpp>

#include <sys/mman.h>

#include <csignal>
#include <map>

namespace keelson::conformance {
namespace {

struct Head {
    uint64_t id;
    uint64_t size;
};

}  // namespace

Journal::Journal() : file_(::memfd_create("keelson-conformance", MFD_CLOEXEC)) {
    if (!file_) throw Error::last("memfd_create", "journal");
}

void Journal::interrupt(Interruption kind, unsigned moment) {
    kind_ = kind;
    until_ = moment;
    refused_ = false;
}

void Journal::clear() {
    if (::ftruncate(file_.get(), 0) != 0) throw Error::last("empty", "journal");
}

std::vector<std::string> Journal::records() const {
    std::map<uint64_t, std::string> found;
    off_t at = 0;
    for (Head head{}; ::pread(file_.get(), &head, sizeof head, at) == sizeof head; at += static_cast<off_t>(head.size)) {
        at += static_cast<off_t>(sizeof head);
        std::string text(head.size, '\0');
        if (::pread(file_.get(), text.data(), text.size(), at) != static_cast<ssize_t>(text.size())) break;
        if (!text.empty() || !found.contains(head.id)) found[head.id] = text;
    }
    std::vector<std::string> texts;
    for (auto& [id, text] : found) texts.push_back(std::move(text));
    return texts;
}

void Journal::append(uint64_t id, abi::StringView text) noexcept {
    const Head head{id, text.size};
    const off_t end = ::lseek(file_.get(), 0, SEEK_END);
    if (::pwrite(file_.get(), &head, sizeof head, end) != sizeof head ||
        ::pwrite(file_.get(), text.data, text.size, end + static_cast<off_t>(sizeof head)) != static_cast<ssize_t>(text.size))
        ::raise(SIGABRT);
}

void Journal::moment() noexcept {
    if (kind_ == Interruption::kill && until_-- == 0) ::raise(SIGKILL);
}

abi::Status Journal::intend(abi::StringView text, uint64_t* id, abi::ErrorSink* error) noexcept {
    if (kind_ == Interruption::refuse && until_-- == 0) {
        refused_ = true;
        error->fail(ENOSPC, sdk::to_abi("the kit's journal"), sdk::to_abi("write to"), {});
        return ENOSPC;
    }
    *id = ++last_;
    append(*id, text);
    moment();
    return 0;
}

abi::Status Journal::complete(uint64_t id, abi::StringView text, abi::ErrorSink*) noexcept {
    moment();
    append(id, text);
    moment();
    return 0;
}

}  // namespace keelson::conformance
