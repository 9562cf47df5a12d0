#include "solana/witness.hpp"

#include "solana/codec/programs.hpp"

namespace thole::solana {

bool is_uncreated(const std::optional<account_info>& account) {
    return !account || (account->owner == system_program && account->data.empty());
}

task<result<death_witness>> ask_witness(rpc::client& client, name endpoint, death_question question,
                                        deadline until) {
    death_witness w;
    w.endpoint = endpoint;
    w.provider = client.provider_of(endpoint);
    rpc::options how{.until = until, .level = commitment::finalized};
    how.endpoint = endpoint;
    how.vital = true;
    const auto height = co_await client.get_epoch_info(how);
    if (!height) co_return std::unexpected{height.error()};
    w.finalized_height = height->value.block_height;
    w.height_slot = height->value.absolute_slot;
    if (w.finalized_height <= question.life.last_valid_block_height) co_return w;

    std::vector<signature> one{question.signature};
    auto status = co_await client.get_signature_statuses(std::move(one), true, how);
    if (!status) co_return std::unexpected{status.error()};
    w.status_slot = status->context_slot;
    w.status = std::move(status->value.front());

    w.account_slot = w.status_slot;
    w.mint_absent = true;
    if (question.mint) {
        const auto account = co_await client.get_account(*question.mint, how);
        if (!account) co_return std::unexpected{account.error()};
        w.account_slot = account->context_slot;
        w.mint_absent = is_uncreated(account->value);
    }

    const auto counts = co_await client.is_blockhash_valid(question.blockhash, how);
    if (!counts) co_return std::unexpected{counts.error()};
    w.blockhash_slot = counts->context_slot;
    w.blockhash_expired = !counts->value;

    const auto first = co_await client.get_first_available_block(how);
    if (!first) co_return std::unexpected{first.error()};
    w.first_available_block = first->value;
    co_return w;
}

}  // namespace thole::solana
