#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/global.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/new_directory.hpp>
#include <kernel/container/partial.hpp>
#include <kernel/container/storage.hpp>
#include <kernel/container/template_run.hpp>
#include <kernel/container/undo.hpp>
#include <kernel/process/user_privilege.hpp>

namespace keelson::container {
namespace {

/// That of -f, else the default of lxc.conf, else for root the one that is installed with Keelson; a user's own needs id maps.
std::string base_file(const CreateOptions& options) {
    if (!options.config_file.empty()) return options.config_file;
    const std::string usual = config::global("lxc.default_config");
    if (base::exists(usual)) return usual;
    const std::string ours = config::installation_prefix() + "/share/keelson/default.conf";
    return !process::is_ordinary_user() && base::exists(ours) ? ours : std::string();
}

config::Config base_config(const CreateOptions& options) {
    config::Config config(plugins::PluginHost::instance());
    if (const std::string file = base_file(options); !file.empty()) config.load(file);
    return config;
}

/// That of -B, else the first that keeps a rootfs in a directory.
const plugins::LoadedPlugin& storage_plugin(const Container& container, const CreateOptions& options) {
    plugins::PluginHost& host = plugins::PluginHost::instance();
    if (!options.storage.empty() && options.storage != "none") return host.load("storage", options.storage);
    const std::vector<std::string> names = host.applying("storage", "/");
    if (names.empty())
        throw Error(0, container.directory(), "no storage plugin keeps a rootfs in a directory:", "name one: -B");
    return host.load("storage", names.front());
}

/// Each change of a creation has its record: a creation that fails, or whose process dies, leaves nothing.
class Creation {
public:
    Creation(const Container& container, const Facts& facts, config::Config& config, const CreateOptions& options)
        : container_(container),
          facts_(facts),
          config_(config),
          options_(options),
          journal_(lifecycle::Journal::create(facts.runtime_directory(), facts.lxcpath(), facts.name())) {}

    void run() {
        try {
            refuse_taken_name(container_);
            make_container_directory(facts_, journal_);
            if (options_.template_name == "none" && !config_.is_set("lxc.rootfs.path"))
                save({});
            else
                fill();
            journal_.close();
        } catch (...) {
            take_back(journal_, facts_, config_);
            throw;
        }
    }

private:
    void fill() {
        PartialMark creating(container_);
        if (config_.is_set("lxc.rootfs.path"))
            use_given_rootfs();
        else
            create_rootfs();
        save({});
        TemplateRun run(facts_, config_, options_, journal_);
        const TemplateResult result = run.run();
        // A program written for lxc-create edits the file itself.
        config_.clear();
        config_.load(container_.config_path());
        for (const std::string& line : result.lines) config_.load_text(line + "\n", cat("template ", options_.template_name));
        save(result.header);
        creating.remove();
    }

    /// As a start does it, or else what is filled now would be refused then. But who owns it is of no matter yet: the template
    /// gives it to the container's root.
    void use_given_rootfs() {
        const Facts without_ids(facts_.name(), facts_.lxcpath(), {});
        Storage(without_ids, config_).check();
    }

    void create_rootfs() {
        const plugins::LoadedPlugin& plugin = storage_plugin(container_, options_);
        const CallContext context(facts_, config_, plugin, &journal_);
        const std::string directory = options_.directory.empty() ? container_.directory() + "/rootfs" : options_.directory;
        std::vector<abi::StringView> words;
        for (const std::string& option : options_.storage_options) words.push_back(sdk::to_abi(option));
        const abi::StorageRequest request{sizeof request,
                                          0,
                                          sdk::to_abi(directory),
                                          options_.bytes,
                                          sdk::to_abi(options_.filesystem),
                                          {words.data(), words.size()}};
        sdk::StringCollector path;
        plugins::call(plugin,
                      [&](abi::ErrorSink* e) { return plugin.as<abi::Storage>().create(context.raw(), &request, &path, e); });
        config_.set("lxc.rootfs.path", cat(plugin.file().name, ":", path.first()));
    }

    void save(const std::string& header) { base::replace_file(container_.config_path(), header + config_.text(), 0660); }

    const Container& container_;
    const Facts& facts_;
    config::Config& config_;
    const CreateOptions& options_;
    lifecycle::Journal journal_;
};

}  // namespace

void Container::create(const CreateOptions& options) {
    settle();
    refuse_taken_name(*this);
    config::Config config = base_config(options);
    process::IdMap idmap = process::IdMap::from(config);
    // Loaded before an ordinary user enters the user namespace, in which root's files cannot be told from anybody's.
    storage_plugin(*this, options);
    load_template(options.template_name);
    if (process::is_ordinary_user()) process::enter_user_privilege(idmap);
    const Facts facts(name_, lxcpath_, std::move(idmap));
    Creation(*this, facts, config, options).run();
    config_.reset();
}

}  // namespace keelson::container
