#include <kernel/monitor/watched.hpp>

namespace keelson::monitor {

void Watched::pack(base::Packer& packed) const {
    packed.text(name);
    packed.text(lxcpath);
    packed.number(init);
    packed.fd(init_pidfd);
    packed.number(clone_flags);
    packed.number(stop_signal);
    packed.fd(devpts);
    packed.text(frozen_file);
    packed.text(thawed_text);
    packed.number(items.size());
    for (const auto& [key, value] : items) {
        packed.text(key);
        packed.text(value);
    }
}

Watched Watched::unpack(base::Unpacker& packed) {
    Watched watched;
    watched.name = packed.text();
    watched.lxcpath = packed.text();
    watched.init = packed.number<pid_t>();
    watched.init_pidfd = packed.fd().release();
    watched.clone_flags = packed.number<uint64_t>();
    watched.stop_signal = packed.number<int>();
    watched.devpts = packed.fd().release();
    watched.frozen_file = packed.text();
    watched.thawed_text = packed.text();
    for (auto left = packed.number<size_t>(); left > 0; --left) {
        std::string key(packed.text());
        watched.items.emplace(std::move(key), packed.text());
    }
    return watched;
}

}  // namespace keelson::monitor
