#pragma once

// When a partner's API is asked about a mint (partners.hpp).

#include <boost/describe/enum.hpp>
#include <cstdint>

namespace thole::nft {

enum class partner_place : std::uint8_t {
    mint,     // before a mint counts as completed
    recheck,  // at the second look, minutes later
};
BOOST_DESCRIBE_ENUM(partner_place, mint, recheck)

}  // namespace thole::nft
