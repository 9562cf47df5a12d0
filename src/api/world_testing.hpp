#pragma once

// A small daemon without a network for the tests of the resources: engine on a journal in memory,
// content store in a folder of its own, and a saga "mint" whose steps do what the test says.

#include <gtest/gtest.h>

#include <filesystem>

#include "api/holds.hpp"
#include "api/mints.hpp"
#include "api/operations.hpp"
#include "api/reconciliations.hpp"
#include "api/testing.hpp"
#include "engine/bench_saga.hpp"
#include "engine/inline_journal.hpp"
#include "engine/model_store.hpp"
#include "nft/reconciler.hpp"
#include "nft/request.hpp"

namespace thole::api::testing {

enum class behaviour : std::uint8_t { finish, wait, park, land };

struct note_value {
    std::string value;
};
BOOST_DESCRIBE_STRUCT(note_value, (), (value))

// Before the pivot.
struct first_step {
    static constexpr std::string_view name = "first";
    using output = note_value;
    behaviour& how;
    explicit first_step(behaviour& b) : how{b} {}
    task<saga::outcome<output>> run(saga::step_context&) {
        if (how == behaviour::wait) co_return saga::wait{std::chrono::hours{1}, "held by the test"};
        if (how == behaviour::park) co_return saga::park{"the test wants a person", std::nullopt};
        co_return saga::done<output>{{"first"}};
    }
    task<saga::outcome<saga::nothing>> undo(saga::step_context&) {
        co_return saga::done<saga::nothing>{};
    }
};

// The pivot: sent, and undecided until the test lets it land.
struct second_step {
    static constexpr std::string_view name = "second";
    using prepared = note_value;
    using output = note_value;
    behaviour& how;
    explicit second_step(behaviour& b) : how{b} {}
    task<saga::outcome<prepared>> prepare(saga::step_context&) {
        co_return saga::done<prepared>{{"bytes"}};
    }
    task<result<>> send(saga::step_context&, const saga::journaled<prepared>&) {
        co_return result<>{};
    }
    task<saga::settlement<output>> settle(saga::step_context&, const saga::journaled<prepared>&) {
        if (how == behaviour::land) co_return saga::landed<output>{{"landed"}};
        co_return saga::pending{std::chrono::milliseconds{1}};
    }
};

// In the place of the real one: a report with one finding.
struct sweep_step {
    static constexpr std::string_view name = nft::sweep::name;
    using output = nft::reconcile_report;
    behaviour& how;
    explicit sweep_step(behaviour& b) : how{b} {}
    task<saga::outcome<output>> run(saga::step_context&) {
        if (how == behaviour::wait) co_return saga::wait{std::chrono::hours{1}, "held by the test"};
        output report;
        report.records = 7;
        report.drifted = 1;
        nft::finding one;
        one.drift = nft::drift::uri_mismatch;
        report.findings.push_back(std::move(one));
        co_return saga::done<output>{std::move(report)};
    }
};

struct world_test : ::testing::Test {
    io::system_loop loop;
    std::string folder = make_folder();
    std::unique_ptr<ipfs::content_store> store =
        std::move(*ipfs::content_store::open({.folder = folder + "/content"}));
    sql::blocking_pool pool{loop, {.threads = 2}};
    saga::model_store rows;
    saga::inline_journal journal{loop, rows};
    seeded_entropy ids{7};
    behaviour first = behaviour::finish;
    behaviour second = behaviour::land;
    bool room = true;
    nft::cluster_secret secret{sha256(as_bytes("a cluster"))};
    solana::public_key wallet{{7}};
    saga::engine engine{loop, journal, sagas(), ids, options()};
    ops::metrics count;
    authority who{{.own_uid = own_uid, .behind_proxy = false, .tokens = {}}};
    documents docs;
    router routes{who, count, loop};
    content_resource content{*store, pool, [this] { return room; }, count, loop};
    operations_resource operations{engine, docs, loop, [this] { return room; }, {"bench"}};
    holds_resource kinds_at_rest{engine};
    ipfs::content_holds holds{*store, &pool, [this] { return journal.now(); }};
    nft::store_images pictures{*store, pool};
    mints_resource mints{{.engine = engine,
                          .docs = docs,
                          .pictures = pictures,
                          .holds = holds,
                          .room = [this] { return room; },
                          .time = loop,
                          .issuer = nft::mint_base{secret, wallet}}};
    reconciliations_resource reconciliations{
        {.engine = engine, .docs = docs, .time = loop, .enabled = true}};

    world_test() {
        content.add_to(routes);
        operations.add_to(routes);
        kinds_at_rest.add_to(routes);
        mints.add_to(routes);
        reconciliations.add_to(routes);
        EXPECT_TRUE(run(loop, engine.start()));
    }
    ~world_test() override {
        loop.run_until(engine.stop(std::chrono::seconds{5}));
        std::filesystem::remove_all(folder);
    }

    static saga::engine_options options() {
        saga::engine_options out;
        out.max_waiting = 3;
        return out;
    }
    static std::string make_folder() {
        auto pattern = (std::filesystem::temp_directory_path() / "thole-api-XXXXXX").string();
        return ::mkdtemp(pattern.data());
    }

    saga::definitions sagas() {
        saga::definitions known;
        known.add(saga::define<nft::mint_input>("mint", 2)
                      .step(std::make_shared<first_step>(first))
                      .shows("IPFS_UPLOADED")
                      .step(std::make_shared<second_step>(second))
                      .pivot()
                      .shows("BLOCKCHAIN_SUBMITTED")
                      .editable([](const nft::mint_input&, const nft::mint_input&) {
                          return std::optional<std::string>{};
                      })
                      .build());
        known.add(saga::make_bench_saga());
        known.add(saga::define<nft::reconcile_request>("reconcile", 1)
                      .step(std::make_shared<sweep_step>(first))
                      .build());
        return known;
    }

    io::server_response ask(io::server_request r) {
        return run(loop, routes.handle(from_socket(std::move(r))));
    }
    io::server_response get(std::string target) { return ask(request("GET", std::move(target))); }
    io::server_response post(std::string target, std::string body = {},
                             io::http_headers headers = {}) {
        auto r = request("POST", std::move(target), std::move(body));
        r.headers = std::move(headers);
        return ask(std::move(r));
    }

    static std::string png() {
        std::string out{"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0", 29};
        return out + "rest of the picture";
    }
    std::string upload() {
        return std::string{json_of(post("/api/v1/content", png())).at("cid").as_string()};
    }
    io::server_response mint(std::string body, std::string key, io::http_headers headers = {}) {
        headers.emplace_back("Idempotency-Key", std::move(key));
        return post("/api/v1/mints", std::move(body), std::move(headers));
    }
    std::string good_body(const std::string& cid, const std::string& name = "Seat B-7") {
        return R"({"owner":"7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf","name":")" + name +
               R"(","symbol":"TIX","description":"","image":")" + cid + "\"}";
    }
    // Operations in the journal, whatever their state.
    std::size_t journaled() {
        return json_of(get("/api/v1/operations?limit=500")).at("items").as_array().size();
    }
};

}  // namespace thole::api::testing
