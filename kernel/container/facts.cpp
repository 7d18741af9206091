#include <kernel/base/log.hpp>
#include <kernel/config/global.hpp>
#include <kernel/container/facts.hpp>
#include <kernel/process/user_privilege.hpp>

namespace keelson::container {
namespace {

class PluginLog final : public abi::Log {
public:
    void write(abi::LogLevel level, abi::StringView message) noexcept override {
        base::log(static_cast<base::Level>(level), sdk::from_abi(message));
    }
};

class NoRecords final : public abi::Records {
public:
    abi::Status intend(abi::StringView text, uint64_t*, abi::ErrorSink* error) noexcept override { return refuse(text, error); }
    abi::Status complete(uint64_t, abi::StringView text, abi::ErrorSink* error) noexcept override {
        return refuse(text, error);
    }

private:
    static abi::Status refuse(abi::StringView text, abi::ErrorSink* error) noexcept {
        error->fail(EPERM, text, sdk::to_abi("a call that may change nothing wrote a record"), {});
        return EPERM;
    }
};

}  // namespace

Facts::Facts(std::string name, std::string lxcpath, process::IdMap idmap)
    : name_(std::move(name)),
      lxcpath_(std::move(lxcpath)),
      directory_(lxcpath_ + "/" + name_),
      runtime_directory_(config::runtime_directory(lxcpath_, name_)),
      idmap_(std::move(idmap)) {
    raw_.size = sizeof raw_;
    raw_.root_uid = idmap_.host(abi::IdKind::user, 0).value_or(0);
    raw_.root_gid = idmap_.host(abi::IdKind::group, 0).value_or(0);
    raw_.ordinary_user = process::is_ordinary_user();
    raw_.name = sdk::to_abi(name_);
    raw_.lxcpath = sdk::to_abi(lxcpath_);
    raw_.directory = sdk::to_abi(directory_);
    raw_.runtime_directory = sdk::to_abi(runtime_directory_);
    raw_.id_ranges = idmap_.ranges().data();
    raw_.id_range_count = idmap_.ranges().size();
}

CallContext::CallContext(const Facts& facts, const config::Config& config, const plugins::LoadedPlugin& plugin,
                         lifecycle::Journal* journal, const std::string& settings_prefix)
    : settings_(config, settings_prefix) {
    static PluginLog log;
    static NoRecords none;
    raw_.size = sizeof raw_;
    raw_.container = &facts.raw();
    raw_.settings = &settings_;
    raw_.records = &none;
    raw_.log = &log;
    if (journal != nullptr) raw_.records = &records_.emplace(*journal, plugin.file().kind, plugin.file().name);
}

}  // namespace keelson::container
