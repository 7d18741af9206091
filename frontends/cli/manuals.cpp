#include <frontends/cli/config_doc.hpp>
#include <frontends/cli/known_options.hpp>
#include <frontends/cli/manual_page.hpp>
#include <frontends/cli/manuals.hpp>
#include <kernel/base/file.hpp>
#include <kernel/config/global.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/plugins/plugin_host.hpp>

#include <unistd.h>

namespace keelson::cli {

namespace {

/// The default where the installation is not this one.
std::string default_anywhere(const abi::Key& key) {
    return config::is_type(key, config::own::installed_path) ? cat("PREFIX/", key.fallback) : std::string(key.fallback);
}

class Writer {
public:
    explicit Writer(std::string parts) : parts_(std::move(parts)) {}

    std::vector<Manual> all() {
        add_main();
        for (const Verb* verb : verbs()) add_verb(*verb);
        add_container_conf();
        add_system_conf();
        return std::move(pages_);
    }

private:
    void add(const std::string& name, int section, std::string roff) {
        pages_.push_back({cat("man", section, '/', name, '.', section), std::move(roff)});
    }
    void add_alias(const std::string& name, const std::string& page, int section) {
        add(name, section, cat(".so man", section, '/', page, '.', section, '\n'));
    }
    /// What a person wrote for the page; nothing if nobody did.
    std::string part(const std::string& page) const {
        const std::string path = cat(parts_, '/', page, ".roff");
        return parts_.empty() || ::access(path.c_str(), F_OK) != 0 ? std::string() : base::read_file(path);
    }

    static void add_options(ManualPage& page, std::span<const Option> options) {
        for (const Option& option : options) {
            if (option.help == nullptr) continue;
            const std::string argument = option.argument != nullptr ? option.argument : "";
            const bool optional = argument.starts_with('[');
            std::string head = option.letter != 0 ? cat('-', option.letter) : std::string();
            if (option.word != nullptr) head += cat(head.empty() ? "--" : ", --", option.word);
            if (!argument.empty()) head += optional ? "[=" : option.word != nullptr ? "=" : " ";
            page.item(head, optional ? argument.substr(1) : argument,
                      cat(option.help, option.own ? " (as keelson alone)" : ""));
        }
    }

    void add_main() {
        ManualPage page("keelson", 1, "keelson", "run Linux containers");
        page.heading("SYNOPSIS")
            .usage("keelson", "VERB [NAME] [OPTION]... [-- WORD...]")
            .usage("lxc-VERB", "[OPTION]... [-- WORD...]");
        page.raw(part("keelson")).heading("VERBS");
        for (const Verb* verb : verbs()) page.item(verb->name, "", cat(verb->summary, ": keelson-", verb->name, "(1)"));
        page.heading("COMMON OPTIONS");
        add_options(page, KnownOptions(*find_verb("start"), false).common());
        page.raw(part("keelson-end"));
        add("keelson", 1, page.str());
    }

    void add_verb(const Verb& verb) {
        const std::string name = cat("keelson-", verb.name), lxc = cat("lxc-", verb.name);
        const bool as_lxc = verb.lxc_name && verb.same_as_lxc;
        ManualPage page(name, 1, as_lxc ? cat(name, ", ", lxc) : name, verb.summary);
        page.heading("SYNOPSIS").usage(cat("keelson ", verb.name), verb.synopsis);
        if (as_lxc) page.usage(lxc, verb.synopsis);
        const std::string written = part(name);
        page.raw(written.empty() ? cat(".SH DESCRIPTION\n", as_roff(verb.summary), ".\n") : written);
        const KnownOptions options(verb, false);
        if (!options.own().empty()) add_options(page.heading("OPTIONS"), options.own());
        if (!options.common().empty()) add_options(page.heading("COMMON OPTIONS"), options.common());
        page.heading("SEE ALSO").raw(".BR keelson (1),\n.BR lxc.container.conf (5)\n");
        add(name, 1, page.str());
        if (as_lxc) add_alias(lxc, name, 1);
    }

    static void add_keys(ManualPage& page, const std::string& owner) {
        for (const DocumentedKey& key : documented_keys()) {
            if (key.owner != owner) continue;
            const bool family = config::has_flag(key.key, abi::key_family);
            page.item(key.name, family ? "NAME" : "", cat(key.key.help, " (", facts_of(key, default_anywhere(key.key)), ')'));
        }
    }

    void add_container_conf() {
        ManualPage page("lxc.container.conf", 5, "lxc.container.conf, keelson.conf", "configuration of a container");
        page.raw(part("lxc.container.conf"));
        add_keys(page.heading("KEYS"), "kernel");
        for (const plugins::PluginFile& plugin : plugins::PluginHost::instance().list()) {
            if (plugin.keys.empty()) continue;
            page.heading(cat("KEYS OF THE PLUGIN ", plugin.kind, ' ', plugin.name)).paragraph(cat(plugin.summary, '.'));
            add_keys(page, cat(plugin.kind, ' ', plugin.name));
        }
        page.heading("SEE ALSO").raw(".BR keelson\\-config (1),\n.BR lxc.system.conf (5),\n.BR keelson (1)\n");
        add("lxc.container.conf", 5, page.str());
        add_alias("keelson.conf", "lxc.container.conf", 5);
    }

    void add_system_conf() {
        ManualPage page("lxc.system.conf", 5, "lxc.system.conf, lxc.conf", "settings for all containers of a user");
        page.raw(part("lxc.system.conf")).heading("ITEMS");
        for (const config::GlobalItem& item : config::known_global_items()) {
            std::string defaults = item.for_root.empty() ? std::string() : cat("; default ", item.for_root);
            if (item.for_root != item.for_users) defaults += cat(", an ordinary user's ", item.for_users);
            page.item(item.name, "", cat(item.help, defaults));
        }
        page.heading("SEE ALSO").raw(".BR lxc.container.conf (5),\n.BR keelson (1)\n");
        add("lxc.system.conf", 5, page.str());
        add_alias("lxc.conf", "lxc.system.conf", 5);
    }

    std::string parts_;
    std::vector<Manual> pages_;
};

}  // namespace

std::vector<Manual> manuals(const std::string& parts) { return Writer(parts).all(); }

void write_manuals(const std::string& directory, const std::string& parts) {
    for (const char* section : {"man1", "man5"}) base::make_directories(cat(directory, '/', section), 0755);
    for (const Manual& page : manuals(parts)) base::replace_file(cat(directory, '/', page.file), page.roff, 0644);
}

}  // namespace keelson::cli
