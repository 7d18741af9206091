#include <kernel/base/text.hpp>
#include <kernel/container/link_text.hpp>

namespace keelson::container {

std::string pack(const network::HandedLink& link) {
    return cat(link.index, "\n", link.type, "\n", link.name_inside, "\n", link.host_link, "\n", link.preferred_name, "\n",
               base::join(link.addresses, " "), "\n", link.gateway, "\n", base::join(link.resolvers, " "));
}

network::HandedLink unpack_link(std::string_view text) {
    const std::vector<std::string_view> lines = base::split(text, '\n');
    const auto list = [&](size_t i) {
        std::vector<std::string> values;
        for (const std::string_view word : base::words(lines.at(i))) values.emplace_back(word);
        return values;
    };
    network::HandedLink link;
    link.index = static_cast<unsigned>(base::parse_unsigned(lines.at(0)).value_or(0));
    link.type = lines.at(1);
    link.name_inside = lines.at(2);
    link.host_link = lines.at(3);
    link.preferred_name = lines.at(4);
    link.addresses = list(5);
    link.gateway = lines.at(6);
    link.resolvers = list(7);
    return link;
}

}  // namespace keelson::container
