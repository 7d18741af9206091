// Storage backends: create, check, prepare, mount, destroy.
#include <conformance/check.hpp>
#include <conformance/subject.hpp>
#include <keelson/abi/storage.hpp>

#include <fcntl.h>
#include <sys/stat.h>

namespace keelson::conformance {
namespace {

abi::Rootfs rootfs_of(const std::string& path) { return {sizeof(abi::Rootfs), 0, sdk::to_abi(path), {"", 0}}; }

class StorageSubject final : public Subject {
public:
    explicit StorageSubject(Bench& bench) : bench_(bench), storage_(bench.as<abi::Storage>()) {}

    std::string create(TestContainer& container) {
        const std::string directory = container.directory() + "/rootfs";
        const abi::StorageRequest request{
            sizeof request, 0, sdk::to_abi(directory), bench_.options().bytes, sdk::to_abi(bench_.options().filesystem),
            {nullptr, 0}};
        sdk::StringCollector path;
        must("create", [&](auto* error) { return storage_.create(container.context(), &request, &path, error); });
        if (path.all().size() != 1) throw Failure("create does not give one path");
        return path.first();
    }

    void destroy(TestContainer& container, const std::string& path) {
        const abi::Rootfs rootfs = rootfs_of(path);
        must("destroy", [&](auto* error) { return storage_.destroy(container.context(), &rootfs, error); });
    }

    /// As after a successful `keelson create`: the records of the creation are dropped. Mounted once, because a filesystem may
    /// finish itself then (overlayfs makes a directory in its workdir).
    void provide(TestContainer& container) override {
        if (!bench_.options().path.empty()) {
            paths_[container.name()] = bench_.with_directory(bench_.options().path);
            return;
        }
        paths_[container.name()] = create(container);
        container.journal().clear();
        apply(container);
        bench_.undo(container);
        container.journal().clear();
    }

    void apply(TestContainer& container) override {
        const abi::Rootfs rootfs = rootfs_of(paths_.at(container.name()));
        must("check", [&](auto* error) { return storage_.check(container.context(), &rootfs, error); });
        must("prepare", [&](auto* error) { return storage_.prepare(container.context(), &rootfs, error); });
        UniqueFd mount = this->mount(container, rootfs);
        mount.reset();
        mount = this->mount(container, rootfs);  // may repeat
    }

    void dispose(TestContainer& container) override {
        if (bench_.options().path.empty()) destroy(container, paths_.at(container.name()));
    }

private:
    UniqueFd mount(TestContainer& container, const abi::Rootfs& rootfs) {
        int32_t raw = -1;
        must("mount", [&](auto* error) { return storage_.mount(container.context(), &rootfs, &raw, error); });
        UniqueFd mount(raw);
        struct stat status {};
        if (::fstat(raw, &status) != 0 || !S_ISDIR(status.st_mode)) throw Failure("mount does not give a directory");
        if ((::fcntl(raw, F_GETFD) & FD_CLOEXEC) == 0) throw Failure("mount gives a descriptor that survives exec");
        return mount;
    }

    Bench& bench_;
    abi::Storage& storage_;
    std::map<std::string, std::string> paths_;
};

void created_and_destroyed(Bench& bench) {
    StorageSubject subject(bench);
    TestContainer& container = bench.container();
    const Snapshot before = bench.snapshot();
    const std::string path = subject.create(container);
    subject.destroy(container, path);
    bench.expect_unchanged(before, "create and destroy");
    subject.destroy(container, path);
    bench.expect_unchanged(before, "destroy of what is gone");
}

void creation_undone(Bench& bench) {
    StorageSubject subject(bench);
    TestContainer& container = bench.container();
    const Snapshot before = bench.snapshot();
    subject.create(container);
    bench.undo(container);
    bench.expect_unchanged(before, "create and undo");
    bench.undo(container);
}

void creation_killed(Bench& bench) {
    StorageSubject subject(bench);
    TestContainer& container = bench.container();
    const Snapshot before = bench.snapshot();
    for (unsigned moment = 0; moment < 100; ++moment) {
        container.journal().clear();
        std::string words;
        const int status = in_child(
            [&] {
                container.journal().interrupt(Interruption::kill, moment);
                subject.create(container);
            },
            &words);
        if (!words.empty()) throw Failure(words);
        bench.undo(container);
        bench.expect_unchanged(before, cat("a kill at moment ", moment, " of create and undo,"));
        if (status == 0) break;
    }
}

void missing(Bench& bench) {
    const std::string path = bench.directory() + "/klt-missing";
    TestContainer& container = bench.container();
    const abi::Rootfs rootfs = rootfs_of(path);
    const Error error = must_fail("check of a missing rootfs", [&] {
        must("check", [&](auto* sink) { return bench.as<abi::Storage>().check(container.context(), &rootfs, sink); });
    });
    if (in_full(error).find(path) == std::string::npos) throw Failure(cat("does not name the missing path: ", in_full(error)));
}

void recognises(Bench& bench) {
    auto& storage = bench.as<abi::Storage>();
    for (const std::string& path :
         {std::string(), std::string("/klt-missing"), std::string("\x01\xff"), std::string(70000, '/')})
        if (storage.recognises(sdk::to_abi(path)) && path != std::string(70000, '/'))
            throw Failure(cat("recognises '", path, "', which is nothing, as its own"));
}

constexpr Check table[] = {
    {"storage.destroy", "storage", "create then destroy leaves nothing; destroy may repeat", created_and_destroyed},
    {"storage.undo-create", "storage", "create then undo leaves nothing", creation_undone},
    {"storage.killed-create", "storage", "a kill before, between and after every change of create", creation_killed},
    {"storage.missing", "storage", "a missing rootfs is named", missing},
    {"storage.recognises", "storage", "it recognises nothing that is not there", recognises},
};

}  // namespace

std::unique_ptr<Subject> make_storage(Bench& bench) { return std::make_unique<StorageSubject>(bench); }
std::span<const Check> storage_checks() { return table; }

}  // namespace keelson::conformance
