#include "sim/drift_book.hpp"

#include <fmt/format.h>

#include "sim/at_once.hpp"
#include "sim/world.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/system.hpp"
#include "solana/codec/token.hpp"
#include "solana/mint_recipe.hpp"

namespace thole::sim {

namespace {

using nft::drift;

// As long as ours are, so that the account does not grow.
constexpr std::string_view another_cid =
    "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

constexpr duration healing_takes = std::chrono::minutes{3};

solana::public_key key_of(const std::string& text) {
    return solana::public_key::parse(text).value();
}

// Of operations that were rolled back; all others of completed ones.
bool is_about_nothing(drift what) {
    return what == drift::orphan_record || what == drift::orphan_pin ||
           what == drift::metadata_missing || what == drift::foreign_account;
}

// What else shows, or comes next, where that was made: who has a token again needs content again.
bool follows(drift found, drift made) {
    const bool content = found == drift::content_lost || found == drift::pin_lost;
    if (made == drift::metadata_missing) return content || found == drift::record_behind;
    // A partner may see it before those of our nodes that lag.
    if (made == drift::uri_mismatch) return found == drift::partner_mismatch;
    return made == drift::record_behind && content;
}

solana::mint_terms terms_of(const world& where, const known_operation& op, const nft::record& row) {
    const auto wanted = where.request_of(op.client);
    solana::mint_terms out;
    out.wallet = where.wallet.address();
    out.owner = key_of(row.owner);
    out.seed = where.identity_of(op.key).seed;
    out.fields = {wanted.name, wanted.symbol, row.uri, {}};
    return out;
}

}  // namespace

bool is_for_a_person(drift what) {
    return what == drift::not_on_chain || what == drift::foreign_account ||
           what == drift::owner_mismatch || what == drift::uri_dead ||
           what == drift::partner_mismatch;
}

const made_drift* drift_book::of(const uuid& operation) const {
    const auto found = std::ranges::find(made_, operation, &made_drift::victim);
    return found == made_.end() ? nullptr : &*found;
}

void drift_book::told(const nft::finding& what) {
    const auto is_it = [&](const made_drift& each) {
        return each.victim == what.operation_id && each.what == what.drift && each.heals;
    };
    const auto own = std::ranges::find_if(made_, is_it);
    if (own != made_.end() && !own->over_at) own->over_at = world_.age() + healing_takes;
}

bool drift_book::shows(const uuid& operation, drift what) const {
    const auto* own = of(operation);
    if (own == nullptr || own->what != what) return false;
    return !own->over_at || world_.age() < *own->over_at;
}

bool drift_book::explains(const nft::finding& what) const {
    const auto* op = world_.judges.find(what.operation_id);
    if (op == nullptr || op->now.state != saga::op_state::terminal) return false;
    // Who ended it by hand left it as it stood.
    if (ended_by_person(*op))
        return what.drift != drift::uri_mismatch && what.drift != drift::not_on_chain;
    const auto* own = of(op->id);
    if (own != nullptr && (own->what == what.drift || follows(what.drift, own->what))) return true;
    // Nobody knows where it landed that was minted behind our back, so two that lag are believed
    // until the next round (doc/design/consistency.md).
    const auto lags = [](const auto& each) { return each->model.faults().lag > 0; };
    if (own != nullptr && own->what == drift::record_behind && what.drift == drift::not_on_chain) {
        return std::ranges::count_if(world_.rpc_nodes, lags) >= 2;
    }
    if (what.drift != drift::content_lost && what.drift != drift::pin_lost) return false;
    if (what.drift == drift::content_lost && world_.content_is_doubtful()) return true;
    for (const auto& cid : {op->image_cid, op->metadata_cid}) {
        if (std::ranges::find(made_, cid, &made_drift::cid) != made_.end()) return true;
        for (const auto& node : world_.content_nodes) {
            if (world_.was_lost(node->label, cid)) return true;
        }
    }
    return false;
}

bool drift_book::fits(const known_operation& op, const fault_event& what) const {
    if (op.kind != nft::mint_kind || of(op.id) != nullptr || op.metadata_cid.empty()) return false;
    const bool of_nothing =
        is_about_nothing(what.drift) || (what.drift == drift::record_behind && what.dice % 2 == 1);
    if (what.drift == drift::partner_mismatch && !awaits_second_look(op)) return false;
    if (!of_nothing) return op.now.ending == saga::op_ending::completed;
    const auto row = world_.record_of(op.id);
    return op.now.ending == saga::op_ending::rolled_back && op.generations.empty() && row &&
           row->status == nft::record_status::rolled_back;
}

// Only that asks partners about a mint of which nobody knows anything bad.
bool drift_book::awaits_second_look(const known_operation& op) const {
    const auto is_it = [&](const auto& each) {
        return each.second.kind == nft::recheck_kind && each.second.parent == op.id &&
               each.second.claims == 0;
    };
    return std::ranges::any_of(world_.judges.operations(), is_it);
}

void drift_book::make(const fault_event& what) {
    std::vector<const known_operation*> fit;
    for (const auto& [row, op] : world_.judges.operations()) {
        if (fits(op, what)) fit.push_back(&op);
    }
    if (fit.empty()) return;
    const auto& op = *fit.at(what.dice / 8 % fit.size());
    auto cid = carry_out(op, what);
    world_.judges.log.add(world_.age(), "came apart", static_cast<std::uint64_t>(op.row),
                          json::detail::enum_text(what.drift));
    made_.push_back({what.drift, op.id, std::move(cid), world_.age(), what.dice % 2 == 1, {}});
}

std::string drift_book::carry_out(const known_operation& op, const fault_event& what) {
    const auto other = solana::keypair::from_seed({8, static_cast<std::uint8_t>(op.row)});
    switch (what.drift) {
        case drift::record_behind:
            if (op.now.ending == saga::op_ending::rolled_back) {
                mint(op, true);
            } else {
                change_row(op, what.dice % 4 == 0 ? "status = 'minted'"
                                                  : "status = 'pending', signature = null");
            }
            break;
        case drift::record_missing:
            world_.on_records("delete from thole_nft where operation_id = '" + op.id.text() + "'");
            break;
        case drift::orphan_record:
            change_row(op, "status = 'pending'");
            break;
        case drift::orphan_pin:
            keep_for(op);
            break;
        case drift::not_on_chain:
            change_row(op, "mint = '" + other.address().text() + "'");
            break;
        case drift::foreign_account:
            world_.chain.place(world_.identity_of(op.key).mint,
                               {2'000'000, bytes(10), solana::memo_program});
            break;
        case drift::metadata_missing:
            mint(op, false);
            break;
        case drift::uri_mismatch:
            swap_uri(op);
            break;
        case drift::owner_mismatch:
            if (what.dice % 2 == 0) {
                sell(op);
            } else {
                change_row(op, "owner = '" + other.address().text() + "'");
            }
            break;
        case drift::content_lost:
        case drift::pin_lost:
            return lose(op, what);
        case drift::level_mismatch:
            change_row(op, "level = 99");
            break;
        case drift::uri_dead:
        case drift::partner_mismatch:
            break;  // showcase.cpp asks shows()
    }
    return {};
}

void drift_book::change_row(const known_operation& op, const std::string& assignment) {
    world_.on_records("update thole_nft set " + assignment + " where operation_id = '" +
                      op.id.text() + "'");
}

// Everywhere, or one node's pin alone: then its gateway goes on serving it.
std::string drift_book::lose(const known_operation& op, const fault_event& what) {
    const auto& cid = what.dice % 2 == 0 ? op.image_cid : op.metadata_cid;
    auto& nodes = world_.content_nodes;
    if (what.drift == drift::pin_lost) {
        auto& model = nodes.at(what.dice / 2 % nodes.size())->model;
        const auto target = "/api/v0/pin/rm?arg=" + cid;
        (void)model.answer({"POST", target, {}, {}});
    } else {
        for (auto& node : nodes) node->model.lose(cid);
    }
    return cid;
}

// As an operation leaves it that was ended while a provider was away.
void drift_book::keep_for(const known_operation& op) {
    auto& node = *world_.content_nodes.front();
    ipfs::pin_row row{.owner = op.id.text(), .provider = node.label, .cid = op.metadata_cid};
    auto& ledger = world_.open_ledger();
    THOLE_ASSERT(at_once(ledger.intend(row)).has_value(), "the ledger is there");
    const auto metadata = world_.record_of(op.id).value().metadata_json;
    const auto body = fmt::format(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n"
        "Content-Type: application/json\r\n\r\n{}\r\n--x--\r\n",
        metadata);
    const auto kept =
        node.model.answer({"POST", "/api/v0/add", "multipart/form-data; boundary=x", body});
    THOLE_ASSERT(kept.status == 200 && node.model.pins().contains(op.metadata_cid), "it is kept");
    row.kept = true;
    THOLE_ASSERT(at_once(ledger.confirm(row)).has_value(), "the ledger is there");
}

void drift_book::sell(const known_operation& op) {
    auto& chain = world_.chain;
    const auto mint = world_.identity_of(op.key).mint;
    const auto& program = solana::token_2022_program;
    const auto seller = key_of(world_.request_of(op.client).owner);
    const auto buyer = solana::keypair::from_seed({7, static_cast<std::uint8_t>(op.row)}).address();
    const auto from = solana::associated_token_address(seller, mint, program);
    auto held = *chain.accounts().at(from, chain.slot());
    auto bought = held;
    std::ranges::copy(buyer.raw, bought.data.begin() + 32);
    held.data.at(64) = 0;
    chain.place(from, std::move(held));
    chain.place(solana::associated_token_address(buyer, mint, program), std::move(bought));
}

void drift_book::swap_uri(const known_operation& op) {
    auto terms = terms_of(world_, op, world_.record_of(op.id).value());
    terms.fields.uri = world_.uri_prefix() + std::string{another_cid};
    terms.rent = terms.already_held = 1;
    by_our_key(solana::plan_uri_update(terms));
}

void drift_book::mint(const known_operation& op, bool with_metadata) {
    auto terms = terms_of(world_, op, world_.record_of(op.id).value());
    const auto standard = nft::token_standard::token_2022;
    if (with_metadata) {
        terms.rent = model::rent_exempt(solana::rent_space(standard, terms));
        return by_our_key(solana::plan_mint(standard, terms).value().instructions);
    }
    const auto mint = world_.identity_of(op.key).mint;
    const auto& program = solana::token_2022_program;
    const solana::seeded_address at{mint, terms.wallet, terms.seed};
    const auto holding = solana::associated_token_address(terms.owner, mint, program);
    const auto rent = model::rent_exempt(solana::mint_with_pointer_space);
    by_our_key({solana::create_account_with_seed(terms.wallet, at,
                                                 {rent, solana::mint_with_pointer_space, program}),
                solana::initialize_metadata_pointer(mint, std::nullopt, mint),
                solana::initialize_mint(program, mint, 0, terms.wallet, std::nullopt),
                solana::create_associated_token_account(program, terms.wallet, terms.owner, mint),
                solana::mint_to(program, {mint, holding, terms.wallet}, 1)});
}

void drift_book::by_our_key(const std::vector<solana::instruction>& list) {
    auto& chain = world_.chain;
    const auto& hash = chain.view(model::commitment::processed, 0).hash;
    const auto legacy = solana::message_version::legacy;
    auto message = solana::compile_message(legacy, world_.wallet.address(), hash, list).value();
    const auto sent =
        model::as_sent(solana::sign(std::move(message), std::array{&world_.wallet}).value());
    chain.submit(sent);
    const auto* landed = chain.find(sent.signature);
    THOLE_ASSERT(landed != nullptr && landed->error.is_null(), "our own key may do that");
}

}  // namespace thole::sim
