#include "mint_world.hpp"

#include <boost/json/parse.hpp>

#include "engine/fold.hpp"
#include "nft/record_table.hpp"
#include "solana/codec/token_accounts.hpp"

namespace thole::mint_crash {

namespace {

constexpr std::string_view image_bytes = "GIF89a\x01\x01\x01\x01\x01\x01\x01 of seat B-7";

// The signed transaction, in base64, that this request would submit; a request is one call.
std::optional<std::string> submitted_by(const io::http_request& request) {
    if (request.body.find("sendTransaction") == std::string::npos) return std::nullopt;
    const auto call = boost::json::parse(request.body).as_object();
    EXPECT_EQ(call.at("method").as_string(), "sendTransaction");
    return std::string{call.at("params").as_array().at(0).as_string()};
}

}  // namespace

surroundings::surroundings(storage s, scenario w)
    : where{s}, what{std::move(w)}, image{ipfs::cid_of(as_bytes(image_bytes))} {
    for (const auto* label : {"north", "south", "west"}) {
        rpc_nodes.push_back(std::make_unique<rpc_node>(std::string{"http://"} + label, chain));
    }
    for (const std::string label : {"kubo-1", "kubo-2"}) {
        auto node = std::make_unique<content_node>();
        node->label = label;
        node->url = "http://" + label;
        // While the gateways serve other bytes nothing is signed: the time to think better of it.
        node->model.faults().corrupt = what.cancel != change_of_mind::none;
        content_nodes.push_back(std::move(node));
    }
    chain.fund(wallet.address(), 10'000'000'000);
    auto contents = ipfs::content_store::open({.folder = folder.file("content")});
    EXPECT_TRUE(contents) << contents.error().describe();
    EXPECT_TRUE((*contents)->put(as_bytes(image_bytes), store_time{}));
}

saga::store& surroundings::open_journal() {
    journal_ = &in_memory_;
    if (where == storage::memory) return in_memory_;
    in_file_.reset();
    auto opened = saga::sqlite_store::open(folder.file("journal.sqlite"), sql::access::read_write);
    EXPECT_TRUE(opened) << opened.error().describe();
    in_file_ = std::move(*opened);
    // The order of the writes is what is proved here, not that a commit reaches the platter.
    EXPECT_TRUE(in_file_->db().execute("pragma synchronous=off"));
    journal_ = in_file_.get();
    return *journal_;
}

nft::mint_request surroundings::request() const {
    nft::mint_request r;
    r.owner = owner.text();
    r.account = "user-1";
    r.name = "Seat B-7";
    r.symbol = "TIX";
    r.description = "A seat.";
    r.image = image.text();
    r.level = 3;
    return r;
}

nft::mint_identity surroundings::identity() const {
    return nft::identify_mint(secret, wallet.address(), {"default", "mint", "order-1"},
                              nft::token_standard::token_2022);
}

// ---- serving ------------------------------------------------------------------------------------

std::optional<solana::prepared_transaction> surroundings::newest_generation(int& number) {
    const auto op = journal_->find_key("default", "mint", "order-1");
    if (!op || !*op) return std::nullopt;
    const auto stored = journal_->load((*op)->who.id);
    if (!stored || !*stored || !(*stored)->prepared) return std::nullopt;
    number = (*stored)->prepared->generation;
    auto read = json::read<solana::prepared_transaction>((*stored)->prepared->bytes);
    if (!read) return std::nullopt;
    return std::move(*read);
}

// Asked of the store and not of the engine: what is committed there now is what a crash would
// leave.
void surroundings::watch(const io::http_request& request) {
    const auto transaction = submitted_by(request);
    if (!transaction) return;
    ++sends_;
    int number = 0;
    const auto journaled = newest_generation(number);
    if (!journaled || journaled->transaction != *transaction) {
        offences_.push_back("sent before it was journaled: " + *transaction);
    }
}

// The chain's clock is the world's: a slot every 400 ms.
sim::reply surroundings::serve(rpc_node& at, const io::http_request& request, duration age) {
    const auto slots = static_cast<std::uint64_t>(age / 400ms);
    if (slots > ticked_) chain.advance(slots - ticked_);
    ticked_ = std::max(ticked_, slots);
    if (what.first_one_lost && submitted_by(request)) {
        int number = 0;
        static_cast<void>(newest_generation(number));
        at.model.faults().drop_sends = number == 1 ? 1 : 0;
    }
    auto answer = at.model.answer(request.body);
    return {answer.status, std::move(answer.body), {}};
}

sim::reply surroundings::serve(content_node& at, const io::http_request& request) {
    std::string type;
    for (const auto& [key, value] : request.headers) {
        if (key == "Content-Type" || key == "content-type") type = value;
    }
    const auto target = std::string_view{request.url}.substr(at.url.size());
    auto answer = at.model.answer({request.method, target, type, request.body});
    return {answer.status, std::move(answer.body), {}};
}

// ---- what must be true in the end ---------------------------------------------------------------

void surroundings::expect_sane() {
    auto& journal = open_journal();
    EXPECT_THAT(offences_, ::testing::IsEmpty());
    EXPECT_TRUE(journal.locks()->empty());
    const auto all = journal.list({.limit = 100});
    ASSERT_TRUE(all);
    ASSERT_EQ(all->items.size(), 1U) << "one key, one operation";
    const auto& op = all->items.front().op;
    expect_story(op);
    if (what.cancel == change_of_mind::none) {
        expect_minted(op);
    } else {
        expect_undone(op);
    }
}

void surroundings::expect_story(const saga::operation& op) {
    const auto events = *journal_->events(op.who.row, 0, 100'000);
    EXPECT_EQ(difference(fold(events, steps, !op.who.lock_key.empty()), op.now), "");
    std::set<std::string> completed;
    for (const auto& e : events) {
        if (e.type != saga::event_type::step_completed) continue;
        EXPECT_TRUE(completed.insert(e.step).second) << e.step << " was completed twice";
    }
}

int surroundings::generations() {
    int count = 0;
    for (const auto& item : journal_->list({.limit = 100})->items) {
        for (const auto& e : *journal_->events(item.op.who.row, 0, 100'000)) {
            count += e.type == saga::event_type::prepared ? 1 : 0;
        }
    }
    return count;
}

void surroundings::expect_minted(const saga::operation& op) {
    ASSERT_EQ(state_of(op.now), "completed");
    EXPECT_EQ(progress_of(op.now), "COMPLETED");

    EXPECT_GT(sends_, 0U);
    EXPECT_GE(generations(), what.first_one_lost ? 2 : 1);
    EXPECT_LE(generations(), what.first_one_lost || what.downtime > 1min ? 2 : 1);

    ASSERT_EQ(chain.landed().size(), 1U);
    const auto& landed = chain.landed().begin()->second;
    EXPECT_TRUE(landed.error.is_null()) << landed.error;
    const auto id = identity();
    const auto* account = chain.accounts().at(id.mint, chain.slot());
    ASSERT_NE(account, nullptr) << "nothing is at the mint's address";
    EXPECT_EQ(account->owner, id.token_program);
    const auto mint = solana::decode_mint(account->data);
    ASSERT_TRUE(mint) << mint.error().describe();
    EXPECT_EQ(mint->supply, 1U);
    EXPECT_FALSE(mint->mint_authority.has_value());

    auto table = nft::record_table::open(folder.file("records.sqlite"), {});
    ASSERT_TRUE(table) << table.error().describe();
    const auto rows = *table->of_account("user-1", 10);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].operation_id, op.who.id);
    EXPECT_EQ(rows[0].status, nft::record_status::completed);
    EXPECT_EQ(rows[0].version, 3);
    EXPECT_EQ(rows[0].mint, id.mint.text());
    EXPECT_EQ(rows[0].signature, landed.signature);
    EXPECT_FALSE(table->minting("user-1")->has_value());
    expect_pins({rows[0].image_cid, rows[0].metadata_cid}, op.who.id.text());
}

void surroundings::expect_undone(const saga::operation& op) {
    ASSERT_EQ(state_of(op.now), "rolled_back");
    EXPECT_EQ(sends_, 0U);
    EXPECT_TRUE(chain.landed().empty());
    EXPECT_EQ(chain.accounts().at(identity().mint, chain.slot()), nullptr);

    auto table = nft::record_table::open(folder.file("records.sqlite"), {});
    ASSERT_TRUE(table) << table.error().describe();
    const auto rows = *table->of_account("user-1", 10);
    EXPECT_LE(rows.size(), 1U);
    // Who thinks better of it early may be heard before there was a record.
    if (what.cancel == change_of_mind::before_signing) {
        EXPECT_EQ(rows.size(), 1U);
    }
    for (const auto& row : rows) EXPECT_EQ(row.status, nft::record_status::rolled_back);
    EXPECT_FALSE(table->minting("user-1")->has_value());
    expect_pins({}, op.who.id.text());
}

void surroundings::expect_pins(const std::set<std::string>& contents,
                               const std::string& owner_of_pins) {
    for (const auto& node : content_nodes) EXPECT_EQ(node->model.pins(), contents) << node->label;
    auto opened = ipfs::content_store::open({.folder = folder.file("content")});
    ASSERT_TRUE(opened) << opened.error().describe();
    const auto& store = **opened;
    std::set<std::string> pinned;
    for (const auto& id : store.list()) {
        const auto owners = store.owners(id);
        if (owners.empty()) continue;
        pinned.insert(id.text());
        EXPECT_EQ(owners, std::vector{owner_of_pins}) << id.text();
    }
    EXPECT_EQ(pinned, contents);
    EXPECT_TRUE(store.has(image)) << "what the client has sent is his, pinned or not";
}

}  // namespace thole::mint_crash
