#include <keelson/sdk/error.hpp>
#include <kernel/base/log.hpp>
#include <kernel/monitor/handed_over.hpp>

namespace keelson::monitor {

HandedOver HandedOver::in(std::string_view packed) {
    base::Unpacker parts(packed);
    if (parts.text() != KEELSON_VERSION) throw Error(EPROTO, "", "another version of Keelson handed the container over");
    HandedOver found;
    for (std::string_view* part : {&found.log, &found.watch, &found.container}) *part = parts.text();
    return found;
}

base::Packer hand_over(const base::Packer& watch, const base::Packer& container) {
    base::Packer log, all;
    base::pack_log(log);
    all.text(KEELSON_VERSION);
    all.nested(log);
    all.nested(watch);
    all.nested(container);
    return all;
}

}  // namespace keelson::monitor
