#include "solana/codec/system.hpp"

#include "solana/codec/programs.hpp"
#include "solana/codec/wire.hpp"

namespace thole::solana {

namespace {

enum class op : std::uint32_t {
    create_account = 0,
    transfer = 2,
    create_account_with_seed = 3,
    allocate_with_seed = 9,
    assign_with_seed = 10,
};

writer start(op o) {
    writer out;
    out.u32(static_cast<std::uint32_t>(o));
    return out;
}

}  // namespace

instruction transfer(const public_key& from, const public_key& to, std::uint64_t lamports) {
    auto data = start(op::transfer);
    data.u64(lamports);
    return {system_program, {paying(from), writable(to)}, data.take()};
}

instruction create_account(const public_key& payer, const public_key& account,
                           const new_account& as) {
    auto data = start(op::create_account);
    data.u64(as.lamports).u64(as.space).key(as.owner);
    return {system_program, {paying(payer), paying(account)}, data.take()};
}

instruction create_account_with_seed(const public_key& payer, const seeded_address& at,
                                     const new_account& as) {
    auto data = start(op::create_account_with_seed);
    data.key(at.base).long_text(at.seed).u64(as.lamports).u64(as.space).key(as.owner);
    instruction out{system_program, {paying(payer), writable(at.address)}, data.take()};
    if (at.base != payer) out.accounts.push_back(signing(at.base));
    return out;
}

instruction allocate_with_seed(const seeded_address& at, std::uint64_t space,
                               const public_key& owner) {
    auto data = start(op::allocate_with_seed);
    data.key(at.base).long_text(at.seed).u64(space).key(owner);
    return {system_program, {writable(at.address), signing(at.base)}, data.take()};
}

instruction assign_with_seed(const seeded_address& at, const public_key& owner) {
    auto data = start(op::assign_with_seed);
    data.key(at.base).long_text(at.seed).key(owner);
    return {system_program, {writable(at.address), signing(at.base)}, data.take()};
}

instruction set_compute_unit_limit(std::uint32_t units) {
    writer data;
    data.u8(2).u32(units);
    return {compute_budget_program, {}, data.take()};
}

instruction set_compute_unit_price(std::uint64_t micro_lamports) {
    writer data;
    data.u8(3).u64(micro_lamports);
    return {compute_budget_program, {}, data.take()};
}

std::uint64_t transaction_fee(std::size_t signatures, std::uint32_t limit,
                              std::uint64_t price) noexcept {
    __extension__ using wide = unsigned __int128;
    const wide bid = (static_cast<wide>(price) * limit + 999'999) / 1'000'000;
    const wide fee = static_cast<wide>(signatures) * 5000 + bid;
    return fee > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(fee);
}

}  // namespace thole::solana
