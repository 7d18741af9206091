#include <keelson/sdk/error.hpp>
#include <plugins/storage/overlay/layers.hpp>

namespace keelson::storage {

std::string Layers::work() const { return upper.ends_with("/overlay/delta") ? work_of_lxc() : upper + ".work"; }

std::string Layers::work_of_lxc() const { return upper.substr(0, upper.rfind('/')) + "/work"; }

bool looks_like_layers(std::string_view path) { return path.starts_with('/') && path.find(":/") != std::string_view::npos; }

Layers parse_layers(std::string_view path) {
    if (!looks_like_layers(path)) {
        throw Error(EINVAL, std::string(path), "an overlay needs LOWER:UPPER, both from the root, not",
                    "such as lxc.rootfs.path = overlay:/srv/base:/srv/web/delta");
    }
    Layers layers;
    for (size_t begin = 0; begin < path.size();) {
        const size_t end = std::min(path.find(":/", begin), path.size());
        layers.lower.emplace_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    layers.upper = std::move(layers.lower.back());
    layers.lower.pop_back();
    while (layers.upper.size() > 1 && layers.upper.ends_with('/')) layers.upper.pop_back();
    return layers;
}

std::string to_path(const Layers& layers) {
    std::string path;
    for (const std::string& lower : layers.lower) path += lower + ":";
    path += layers.upper;
    if (parse_layers(path) != layers) {
        throw Error(EINVAL, path, "a directory whose name ends in a colon cannot be part of an overlay:",
                    "take another storage, or another name");
    }
    return path;
}

}  // namespace keelson::storage
