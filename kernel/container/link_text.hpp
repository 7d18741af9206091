// network::HandedLink as text, for the way from the monitor to the child.
#pragma once

#include <kernel/network/inside.hpp>

#include <string>
#include <string_view>

namespace keelson::container {

std::string pack(const network::HandedLink& link);
network::HandedLink unpack_link(std::string_view text);

}  // namespace keelson::container
