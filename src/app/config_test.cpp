#include "app/config_load.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "app/config_rules.hpp"
#include "app/config_show.hpp"
#include "app/partner_parts.hpp"
#include "app/policies.hpp"
#include "app/reload.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A folder of its own for each test, removed at its end.
class config_test : public ::testing::Test {
  protected:
    config_test() {
        auto pattern = (std::filesystem::temp_directory_path() / "thole-config-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        key_ = write("wallet.json", key_text(), 0600);
    }
    ~config_test() override { std::filesystem::remove_all(folder_); }

    static std::string key_text() {
        ed25519_seed seed{};
        seed.fill(7);
        const auto half = ed25519_key{seed}.public_half();
        std::string out = "[";
        for (const auto byte : seed) out += std::to_string(byte) + ",";
        for (const auto byte : half) out += std::to_string(byte) + ",";
        out.back() = ']';
        return out;
    }

    std::string write(const std::string& name, std::string_view text, mode_t mode = 0644) {
        const auto path = folder_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream{path} << text;
        ::chmod(path.c_str(), mode);
        return path.string();
    }

    auto load(std::string_view text, environment env = {},
              std::vector<config_sources::flag> flags = {}) {
        env.emplace("HOME", "/home/someone");
        config_sources from{
            .file = write("thole.toml", text), .env = std::move(env), .flags = std::move(flags)};
        return load_config(from);
    }

    // The problems of a text that is refused, as "line key: rule".
    std::vector<std::string> refusals(std::string_view text, environment env = {}) {
        const auto loaded = load(text, std::move(env));
        if (loaded) return {"accepted"};
        std::vector<std::string> out;
        for (const auto& each : loaded.error()) {
            const auto place = each.place.substr(each.place.rfind('/') + 1);
            out.push_back(place + " " + each.key + ": " + each.rule);
        }
        return out;
    }

    // A configuration that may mint.
    std::string minting() const {
        return "[wallet]\nkey = \"file:" + key_ + "\"\n" + R"(
[[dependency.solana.endpoint]]
name = "primary"
url = "https://rpc.first.example"
[[dependency.solana.endpoint]]
name = "backup"
url = "https://rpc.second.test"
tier = 1
)";
    }

    std::filesystem::path folder_;
    std::string key_;
};

// proves: O9
TEST_F(config_test, an_empty_file_is_the_built_in_configuration) {
    const auto loaded = load("");
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->value.server.listen, "127.0.0.1:8420");
    EXPECT_EQ(loaded->value.data.folder, "/home/someone/.local/share/thole");
    EXPECT_EQ(loaded->value.server.socket, "/home/someone/.local/share/thole/thole.sock");
    EXPECT_EQ(loaded->value.records.url,
              "sqlite:///home/someone/.local/share/thole/records.sqlite");
    EXPECT_FALSE(mints(loaded->value));
    EXPECT_THAT(loaded->notes, ElementsAre("wallet.key is not set: minting is off"));
}

TEST_F(config_test, no_file_at_all_is_the_built_in_configuration) {
    const auto loaded = load_config({.file = {},
                                     .env = {{"HOME", "/h"}},
                                     .flags = {},
                                     .default_file = (folder_ / "none.toml").string()});
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->files.empty());
}

TEST_F(config_test, a_named_file_must_exist) {
    const auto loaded =
        load_config({.file = (folder_ / "none.toml").string(), .env = {}, .flags = {}});
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error()[0].rule, HasSubstr("cannot be read"));
}

// proves: O9
TEST_F(config_test, drop_ins_go_over_the_file_in_the_order_of_their_names) {
    write("conf.d/20-later.toml", "[server]\nmax_connections = 30\n");
    write("conf.d/10-first.toml", "[server]\nmax_connections = 20\nlisten = \"127.0.0.1:2\"\n");
    write("conf.d/ignored.txt", "not toml");
    const auto loaded =
        load("[server]\nmax_connections = 10\nlisten = \"127.0.0.1:1\"\nidle_timeout = \"5s\"\n");
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->value.server.max_connections, 30U);
    EXPECT_EQ(loaded->value.server.listen, "127.0.0.1:2");
    EXPECT_EQ(loaded->value.server.idle_timeout, time_span{5s});
    EXPECT_THAT(loaded->layers.origin_of("/server/max_connections"), HasSubstr("20-later.toml:2"));
    EXPECT_THAT(loaded->layers.origin_of("/server/listen"), HasSubstr("10-first.toml:3"));
    EXPECT_THAT(loaded->layers.origin_of("/server/idle_timeout"), HasSubstr("thole.toml:4"));
    EXPECT_EQ(loaded->layers.origin_of("/log/level"), "");
}

// proves: O9
TEST_F(config_test, the_environment_goes_over_files_and_flags_over_the_environment) {
    const environment env{
        {"SOLANA_RPC_ENDPOINTS", "https://a.one.example/x, https://b.two.example"},
        {"SOLANA_RETRY_ATTEMPTS", "7"},
        {"SOLANA_TIMEOUT_MS", "2500"},
        {"IPFS_GATEWAYS", "https://dweb.link"},
        {"IPFS_RETRY_ATTEMPTS", "9"},
        {"DATABASE_URL", "sqlite:///var/db/records.sqlite"},
        {"DB_POOL_MIN", "2"},
        {"DB_POOL_MAX", "4"},
        {"CB_FAILURE_THRESHOLD", "11"},
        {"CB_TIMEOUT_MS", "45000"},
        {"THOLE_DATA", "/srv/thole"}};
    const auto loaded = load(minting() +
                                 "[dependency.solana]\ntimeout = \"1s\"\n"
                                 "[data]\nfolder = \"/elsewhere\"\n",
                             env, {{"/data/folder", "/by/flag", "--data"}});
    ASSERT_TRUE(loaded) << loaded.error()[0].key << loaded.error()[0].rule;
    const auto& c = loaded->value;
    ASSERT_EQ(c.dependency.solana.endpoint.size(), 2U);
    EXPECT_EQ(c.dependency.solana.endpoint[0].url, "https://a.one.example/x");
    EXPECT_EQ(c.dependency.solana.endpoint[0].tier, 0U);
    EXPECT_EQ(c.dependency.solana.endpoint[1].url, "https://b.two.example");
    EXPECT_EQ(c.dependency.solana.endpoint[1].tier, 1U);
    EXPECT_EQ(provider_name(c.dependency.solana.endpoint[1], env), "two.example");
    EXPECT_EQ(c.dependency.solana.retry.attempts, 7U);
    EXPECT_EQ(c.dependency.solana.timeout, time_span{2500ms});
    EXPECT_EQ(c.dependency.gateway.endpoint[0].url, "https://dweb.link");
    EXPECT_EQ(c.dependency.ipfs.retry.attempts, 9U);
    EXPECT_EQ(c.records.url, "sqlite:///var/db/records.sqlite");
    EXPECT_EQ(c.records.pool_min, 2U);
    EXPECT_EQ(c.records.pool_max, 4U);
    EXPECT_EQ(c.dependency.standard.breaker.failures, 11U);
    EXPECT_EQ(c.dependency.standard.breaker.open, time_span{45s});
    EXPECT_EQ(c.data.folder, "/by/flag");
    EXPECT_EQ(loaded->layers.origin_of("/data/folder"), "flag --data");
    EXPECT_EQ(loaded->layers.origin_of("/dependency/solana/timeout"),
              "environment SOLANA_TIMEOUT_MS");
}

TEST_F(config_test, bad_environment_values_name_the_variable) {
    EXPECT_THAT(refusals("", {{"DB_POOL_MAX", "many"}}),
                ElementsAre("environment DB_POOL_MAX DB_POOL_MAX: must be a whole number without "
                            "sign, at most 4294967295"));
    EXPECT_THAT(refusals("", {{"IPFS_GATEWAYS", "https://a.example,,https://b.example"}}),
                ElementsAre(HasSubstr("environment IPFS_GATEWAYS dependency.gateway.endpoint: ")));
    EXPECT_THAT(refusals("", {{"IPFS_GATEWAYS", "ftp://a.example"}}),
                ElementsAre("environment IPFS_GATEWAYS dependency.gateway.endpoint[0].url: must be "
                            "an absolute http or https URL"));
}

// proves: O9, I2
TEST_F(config_test, a_key_of_pinata_in_the_environment_adds_it_as_a_provider) {
    const auto loaded = load("", {{"PINATA_API_KEY", "hush"}});
    ASSERT_TRUE(loaded);
    EXPECT_THAT(loaded->notes[0], HasSubstr("PINATA_API_KEY"));
    EXPECT_EQ(loaded->notes[0].find("hush"), std::string::npos);
    const auto& providers = loaded->value.dependency.ipfs.provider;
    ASSERT_EQ(providers.size(), 2U);
    EXPECT_EQ(providers[0].kind, provider_kind::store);
    EXPECT_EQ(providers[1].kind, provider_kind::pinata);
    EXPECT_EQ(providers[1].token->text(), "env:PINATA_API_KEY");
    EXPECT_TRUE(providers[1].url.empty());
}

// proves: I4
TEST_F(config_test, what_pinata_keeps_is_read_through_public_gateways_if_none_is_named) {
    const auto gateways = [&](const std::string& file, const environment& env) {
        const auto loaded = load(file, env);
        std::vector<std::string> urls;
        if (!loaded) return urls;
        for (const auto& each : loaded->value.dependency.gateway.endpoint) {
            EXPECT_EQ(each.tier, urls.size()) << "in this order";
            urls.push_back(each.url);
        }
        return urls;
    };
    const environment key{{"PINATA_API_KEY", "hush"}};
    EXPECT_THAT(gateways("", key), ElementsAre("https://dweb.link", "https://ipfs.io"));
    EXPECT_THAT(gateways("[[dependency.gateway.endpoint]]\nname = \"mine\"\n"
                         "url = \"https://mine.example\"\n",
                         key),
                ElementsAre("https://mine.example"));
    EXPECT_THAT(gateways("", {}), IsEmpty()) << "nobody else has it";
    EXPECT_THAT(gateways("[[dependency.ipfs.provider]]\nname = \"p\"\nkind = \"pinata\"\n"
                         "url = \"http://pinata.example\"\n",
                         key),
                IsEmpty())
        << "another server than Pinata's";
}

TEST_F(config_test, providers_over_the_network_have_their_own_rules) {
    const std::string head = "[[dependency.ipfs.provider]]\nname = \"p\"\n";
    const auto good = load(head +
                               "kind = \"psa\"\nurl = \"https://psa.example\"\n"
                               "token = \"env:KEY\"\norigins = [\"/ip4/203.0.113.7/tcp/4001\"]\n",
                           {{"KEY", "hush"}});
    ASSERT_TRUE(good);
    EXPECT_THAT(refusals(head + "kind = \"psa\"\norigins = [\"node.example:4001\"]\n"),
                ElementsAre(HasSubstr("provider[0].token: required"),
                            HasSubstr("provider[0].url: must be an absolute"),
                            HasSubstr("provider[0].origins[0]: must be a multiaddress")));
    EXPECT_THAT(refusals(head + "kind = \"pinata\"\n"),
                ElementsAre(HasSubstr("provider[0].token: ")));
    EXPECT_THAT(
        refusals(head + "kind = \"kubo\"\nurl = \"http://x\"\ntoken = \"env:KEY\"\n"
                        "api = \"legacy\"\norigins = [\"/ip4/1.2.3.4\"]\n",
                 {{"KEY", "hush"}}),
        ElementsAre(HasSubstr("provider[0].token: only"), HasSubstr("provider[0].api: only"),
                    HasSubstr("provider[0].origins: only")));
}

// proves: E8, O9
TEST_F(config_test, keys_for_payloads_are_read_and_checked) {
    const std::string first = "[[engine.payload_key]]\nid = \"a\"\nsecret = \"env:KEY\"\n";
    const std::string key(64, '7');
    ASSERT_TRUE(load(first, {{"KEY", key + "\n"}}));
    EXPECT_THAT(refusals("[[engine.payload_key]]\nid = \"a\"\n"),
                ElementsAre(HasSubstr("engine.payload_key[0].secret: required")));
    EXPECT_THAT(refusals(first, {{"KEY", "77"}}),
                ElementsAre(HasSubstr("engine.payload_key[0].secret: must be 64 lower-case")));
    EXPECT_THAT(refusals(first, {}), ElementsAre(HasSubstr("engine.payload_key[0].secret: ")));
    EXPECT_THAT(refusals(first + first, {{"KEY", key}}),
                ElementsAre(HasSubstr("engine.payload_key[1].id: key \"a\": the id is used")));
    EXPECT_THAT(
        refusals("[[engine.payload_key]]\nid = \"a b\"\nsecret = \"env:KEY\"\n", {{"KEY", key}}),
        ElementsAre(HasSubstr("engine.payload_key[0].id: ")));
}

// proves: O9
TEST_F(config_test, every_mistake_is_told_at_once_with_its_place) {
    EXPECT_THAT(
        refusals("[server]\nlisten = 8420\nmax_conections = 5\n[log]\nlevel = \"loud\"\n"
                 "[engine]\nmax_waiting = -1\n[server2]\n"),
        ElementsAre(HasSubstr("thole.toml:2 server.listen: must be a string"),
                    HasSubstr("thole.toml:3 server.max_conections: no such key is known; did "
                              "you mean \"max_connections\"?"),
                    HasSubstr("thole.toml:5 log.level: must be one of"),
                    HasSubstr("thole.toml:7 engine.max_waiting: "),
                    HasSubstr("thole.toml:8 server2: no such key is known")));
}

// proves: O9
TEST_F(config_test, rules_are_checked_on_what_can_be_read) {
    EXPECT_THAT(refusals("[server]\nlisten = 8420\nmax_connections = 0\n"
                         "[[dependency.gateway.endpoint]]\nname = \"a\"\nurl = 5\n"
                         "[[dependency.gateway.endpoint]]\nname = \"b\"\nurl = \"x\"\n"),
                ElementsAre(HasSubstr("thole.toml:2 server.listen: must be a string"),
                            HasSubstr("thole.toml:3 server.max_connections: must be from"),
                            HasSubstr("thole.toml:6 dependency.gateway.endpoint[0].url: must be a"),
                            HasSubstr("thole.toml:9 dependency.gateway.endpoint[1].url: must be")));
}

TEST_F(config_test, values_of_the_wrong_form) {
    EXPECT_THAT(refusals("[server]\nidle_timeout = \"30\"\n"),
                ElementsAre("thole.toml:2 server.idle_timeout: must be a duration with its unit, "
                            "like \"30s\" or \"1m30s\""));
    EXPECT_THAT(refusals("[wallet]\nkey = \"[1,2,3]\"\n"),
                ElementsAre("thole.toml:2 wallet.key: must say where the secret is: file:PATH, "
                            "env:NAME or credential:NAME"));
    EXPECT_THAT(refusals("[data]\nfolder = 1979-05-27\n"),
                ::testing::Contains(HasSubstr("dates and times are not used here")));
    EXPECT_THAT(refusals("[server\n"), ElementsAre(HasSubstr("thole.toml:1 : not TOML: ")));
}

TEST_F(config_test, values_out_of_range) {
    EXPECT_THAT(
        refusals(
            "[server]\nmax_connections = 0\nidle_timeout = \"1ms\"\n"
            "[mint]\nfee_floor = 10\nfee_cap = 5\nfee_percentile = 0\n"
            "max_generations = 4\nuri_prefix = \"ipfs:\"\nreplicas = 2\nmetadata_replicas = 3\n"
            "[records]\nurl = \"postgresql://x\"\npool_min = 3\npool_max = 2\n"
            "[engine]\nconcurrency = 0\n"),
        ElementsAre("thole.toml:2 server.max_connections: must be from 1 to 65535",
                    "thole.toml:3 server.idle_timeout: must be from 1s to 1h",
                    "thole.toml:5 mint.fee_floor: must not be above mint.fee_cap",
                    "thole.toml:7 mint.fee_percentile: must be from 1 to 100",
                    "thole.toml:8 mint.max_generations: must be from 1 to 3",
                    HasSubstr("thole.toml:9 mint.uri_prefix: must be 1 to 140"),
                    "thole.toml:10 mint.replicas: must be from 0 to 1",
                    "thole.toml:11 mint.metadata_replicas: must be from 0 to 1",
                    HasSubstr("thole.toml:13 records.url: must be sqlite:///ABSOLUTE/PATH"),
                    "thole.toml:14 records.pool_min: must be from 0 to 2",
                    "thole.toml:17 engine.concurrency: must be from 1 to 10000"));
}

// proves: O10
TEST_F(config_test, an_open_address_needs_a_proxy_and_tokens) {
    EXPECT_THAT(refusals("[server]\nlisten = \"0.0.0.0:8420\"\n"),
                ElementsAre(HasSubstr("server.listen: only loopback is served without TLS")));
    EXPECT_THAT(refusals("[server]\nlisten = \"0.0.0.0:8420\"\nbehind_tls_proxy = true\n"),
                ElementsAre(HasSubstr("server.behind_tls_proxy: needs at least one")));
    EXPECT_THAT(refusals("[server]\nlisten = \"localhost\"\n"),
                ElementsAre(HasSubstr("server.listen: must be ADDRESS:PORT")));
}

TEST_F(config_test, tokens_have_one_source_and_a_name) {
    const auto hash = "sha256:" + std::string(64, 'a');
    EXPECT_THAT(
        refusals("[[server.token]]\nname = \"ci\"\n"),
        ElementsAre(HasSubstr("server.token[0]: must have exactly one of secret and hash")));
    EXPECT_THAT(refusals("[[server.token]]\nhash = \"" + hash + "\"\n"),
                ElementsAre(HasSubstr("server.token[0].name: required")));
    EXPECT_THAT(refusals("[[server.token]]\nname = \"a\"\nhash = \"md5:aa\"\n"),
                ElementsAre(HasSubstr("server.token[0].hash: must be \"sha256:\"")));
    EXPECT_THAT(refusals("[[server.token]]\nname = \"a\"\nhash = \"" + hash +
                         "\"\n[[server.token]]\nname = \"a\"\nhash = \"" + hash + "\"\n"),
                ElementsAre(HasSubstr("server.token[1].name: \"a\" is used twice")));
    EXPECT_TRUE(load("[[server.token]]\nname = \"a\"\nhash = \"" + hash + "\"\n"));
}

// proves: S10
TEST_F(config_test, a_key_file_that_others_can_read_is_refused) {
    EXPECT_TRUE(load(minting()));
    ::chmod(key_.c_str(), 0640);
    EXPECT_THAT(
        refusals(minting()),
        ElementsAre(HasSubstr("wallet.key: " + key_ + " has mode 0640; 0600 or 0400 is needed")));
    ::chmod(key_.c_str(), 0400);
    EXPECT_TRUE(load(minting()));
}

TEST_F(config_test, a_key_that_is_none_is_refused_without_showing_it) {
    key_ = write("wallet.json", "[1,2,3]", 0600);
    const auto said = refusals(minting());
    ASSERT_EQ(said.size(), 1U);
    EXPECT_THAT(said[0], HasSubstr("thole.toml:2 wallet.key: must hold a keypair"));
    EXPECT_EQ(said[0].find("[1,2,3]"), std::string::npos);
    key_ = (folder_ / "absent.json").string();
    EXPECT_THAT(refusals(minting()), ElementsAre(HasSubstr("does not exist or is not readable")));
}

TEST_F(config_test, a_key_may_come_from_the_environment_or_a_credential) {
    const auto rest = minting().substr(minting().find("\n\n"));
    EXPECT_TRUE(load("[wallet]\nkey = \"env:WALLET\"\n" + rest, {{"WALLET", key_text()}}));
    EXPECT_THAT(refusals("[wallet]\nkey = \"env:WALLET\"\n" + rest),
                ElementsAre(HasSubstr("environment variable WALLET: is not set")));
    EXPECT_TRUE(load("[wallet]\nkey = \"credential:wallet.json\"\n" + rest,
                     {{"CREDENTIALS_DIRECTORY", folder_.string()}}));
}

// proves: S3
TEST_F(config_test, minting_needs_two_providers_unless_told_otherwise) {
    const auto one = minting() + "provider = \"first.example\"\n";
    EXPECT_THAT(refusals(one), ElementsAre(HasSubstr(
                                   "dependency.solana.endpoint: minting needs RPC endpoints of at "
                                   "least two providers, found only \"first.example\"")));
    const auto loaded = load(one + "[mint]\nallow_single_provider = true\n");
    ASSERT_TRUE(loaded);
    EXPECT_THAT(loaded->notes, ElementsAre(HasSubstr("allow_single_provider")));
}

// Else no death could ever be proved.
// proves: S3
TEST_F(config_test, two_providers_must_read_and_two_must_keep_history) {
    const auto with = [this](const char* first, const char* second, const char* third) {
        const auto endpoint = [](const char* label, const char* roles) {
            return fmt::format(
                "[[dependency.solana.endpoint]]\nname = \"{0}\"\nurl = \"https://{0}.example\"\n"
                "roles = [{1}]\n",
                label, roles);
        };
        return "[wallet]\nkey = \"file:" + key_ + "\"\n" + endpoint("a", first) +
               endpoint("b", second) + endpoint("c", third);
    };
    constexpr auto* all = R"("send", "read", "history")";
    constexpr auto* live = R"("send", "read")";
    EXPECT_THAT(refusals(with(all, live, live)),
                ElementsAre(HasSubstr("at least two providers, found only \"a.example\" with the "
                                      "role \"history\"")));
    EXPECT_THAT(refusals(with(all, R"("history")", R"("history")")),
                ElementsAre(HasSubstr("\"a.example\" with the role \"read\"")));
    EXPECT_THAT(refusals(with(live, live, live)),
                ElementsAre(HasSubstr("endpoints with the role \"history\"")));
    // They need not be the same two.
    EXPECT_TRUE(load(with(live, R"("read", "history")", R"("history")")));
}

// proves: S9
TEST_F(config_test, what_the_issuer_adds_to_metaplex_tokens_is_checked) {
    const std::string key = "iBnHbFsSgndFQrQeyARfrd9vCGo97cxLjssY3NbnhpQ";
    EXPECT_THAT(
        refusals("[mint.metaplex]\ncollection = \"x\"\nseller_fee_basis_points = 10001\n"
                 "earlier_collections = [\"y\"]\n"
                 "[[mint.metaplex.creator]]\nshare = 101\n"
                 "[[mint.metaplex.creator]]\naddress = \"" +
                 key + "\"\nshare = 1\n[[mint.metaplex.creator]]\naddress = \"" + key + "\"\n"),
        ElementsAre(
            HasSubstr("thole.toml:2 mint.metaplex.collection: must be the mint address"),
            HasSubstr(
                "thole.toml:3 mint.metaplex.seller_fee_basis_points: must be from 0 to 10000"),
            HasSubstr("thole.toml:4 mint.metaplex.earlier_collections[0]: must be the mint"),
            HasSubstr("mint.metaplex.creator: the shares must be 100 together at most, these are "
                      "102"),
            HasSubstr("mint.metaplex.creator[0].address: must be a wallet"),
            "thole.toml:6 mint.metaplex.creator[0].share: must be from 0 to 100",
            "thole.toml:11 mint.metaplex.creator[2].address: is named twice"));
    EXPECT_THAT(refusals("[mint.token_2022]\ncollection = \"x\"\n"),
                ElementsAre(HasSubstr("mint.token_2022")));
    const auto loaded = load("[mint.metaplex]\ncollection = \"" + key + "\"\n");
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->value.mint.metaplex.terms().collection, key);
    EXPECT_THAT(loaded->notes, ::testing::Contains(HasSubstr("\"metaplex\" alone")));
}

TEST_F(config_test, two_addresses_of_one_host_are_one_provider) {
    EXPECT_THAT(refusals("[wallet]\nkey = \"file:" + key_ + "\"\n",
                         {{"SOLANA_RPC_ENDPOINTS", "http://127.0.0.1:1,http://127.0.0.1:2"}}),
                ElementsAre(HasSubstr("found only \"127.0.0.1\"")));
}

TEST_F(config_test, minting_needs_endpoints_that_send_and_read) {
    EXPECT_THAT(refusals("[wallet]\nkey = \"file:" + key_ + "\"\n"),
                UnorderedElementsAre(HasSubstr("with the role \"send\""),
                                     HasSubstr("with the role \"read\""),
                                     HasSubstr("with the role \"history\"")));
}

TEST_F(config_test, minting_needs_a_gateway_to_read_back_through) {
    const auto closed = minting() + "[server]\nlisten = \"\"\n";
    EXPECT_THAT(refusals(closed),
                ElementsAre(HasSubstr("dependency.gateway.endpoint: minting reads")));
    EXPECT_TRUE(load(closed + "[[dependency.gateway.endpoint]]\nname = \"g\"\n"
                              "url = \"https://dweb.link\"\n"));
}

TEST_F(config_test, endpoints_and_providers_are_checked_one_by_one) {
    EXPECT_THAT(refusals("[[dependency.gateway.endpoint]]\nname = \"\"\nurl = \"example\"\n"
                         "weight = 0\ntier = 256\nroles = []\n"
                         "[[dependency.ipfs.provider]]\nname = \"k\"\nkind = \"kubo\"\n"
                         "[[dependency.ipfs.provider]]\nname = \"k\"\nurl = \"http://x\"\n"
                         "[[dependency.ipfs.provider]]\nname = \"l\"\n"),
                ElementsAre(HasSubstr("endpoint[0].name: required"),
                            HasSubstr("endpoint[0].url: must be an absolute"),
                            HasSubstr("endpoint[0].weight: must be from 1 to 1000"),
                            HasSubstr("endpoint[0].tier: must be from 0 to 255"),
                            HasSubstr("endpoint[0].roles: must name at least one"),
                            HasSubstr("provider[0].url: must be an absolute"),
                            HasSubstr("provider[1].name: \"k\" is used twice"),
                            HasSubstr("provider[1].url: the daemon's own store has no URL"),
                            HasSubstr("provider[2].kind: only one provider")));
}

// proves: I2
TEST_F(config_test, a_providers_price_is_an_amount_with_its_currency) {
    const auto with = [](std::string_view price) {
        return "[[dependency.ipfs.provider]]\nname = \"here\"\nprice_per_gb_month = " +
               std::string{price} + "\n";
    };
    const auto loaded = load(with("\"0.15 USD\""));
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->value.dependency.ipfs.provider[0].price_per_gb_month,
              (money{150'000, "USD"}));
    EXPECT_THAT(show_config(*loaded), HasSubstr("price_per_gb_month = \"0.15 USD\""));
    for (const auto* bad : {"\"0.15\"", "\"-1 USD\"", "\"9001 USD\"", "\"free\""}) {
        EXPECT_THAT(refusals(with(bad)),
                    ElementsAre(HasSubstr("provider[0].price_per_gb_month: must be an amount with "
                                          "its currency, like \"0.15 USD\"")));
    }
    EXPECT_THAT(refusals(with("0.15")), ElementsAre(HasSubstr("price_per_gb_month: must be")));
}

// proves: P10, I3
TEST_F(config_test, a_rate_is_calls_in_a_time_and_a_capacity_a_number) {
    const auto with = [](std::string_view keys) {
        return "[[dependency.solana.endpoint]]\nname = \"a\"\nurl = \"https://a.example\"\n" +
               std::string{keys} +
               "\n[[dependency.ipfs.provider]]\nname = \"k\"\nkind = \"kubo\"\n" +
               "url = \"http://127.0.0.1:5001\"\n" + std::string{keys} + "\n";
    };
    const auto loaded = load(with("rate = \"600/m\"\ncapacity = 4"));
    ASSERT_TRUE(loaded);
    EXPECT_THAT(show_config(*loaded), HasSubstr("rate = \"600/m\""));
    const auto& d = loaded->value.dependency;
    EXPECT_EQ(d.ipfs.provider[0].rate, (call_rate{600, 'm'}));
    EXPECT_EQ(d.ipfs.provider[0].capacity, 4U);
    const auto made = endpoints_of(d.solana.endpoint, {});
    EXPECT_EQ(made[0].capacity, 4U);
    EXPECT_EQ(made[0].limit.permits, 600U);
    EXPECT_EQ(made[0].limit.per, 1min);
    EXPECT_EQ(made[0].limit.burst, 10U);
    EXPECT_EQ(limit_of(call_rate{1, 'h'}).burst, 1U);
    EXPECT_EQ(limit_of(std::nullopt), rate_limit{});
    EXPECT_DOUBLE_EQ(mints_per_second(d, 1).value(), 2);  // 10 calls of the chain a second
    EXPECT_FALSE(mints_per_second(load(with(""))->value.dependency, 1));
    for (const auto* bad :
         {"10", "0/s", "1000001/s", "10/d", "10/", "/s", "10 /s", "-1/s", "1.5/s"}) {
        EXPECT_THAT(refusals(with("rate = \"" + std::string{bad} + "\"")),
                    Each(HasSubstr("rate: must be calls and the time for them, like \"10/s\"")))
            << bad;
        EXPECT_FALSE(call_rate::parse(bad)) << bad;
    }
    EXPECT_THAT(refusals(with("capacity = 10001")),
                UnorderedElementsAre(HasSubstr("endpoint[0].capacity: must be from 0 to 10000"),
                                     HasSubstr("provider[0].capacity: must be from 0 to 10000")));
    EXPECT_THAT(
        refusals("[[dependency.ipfs.provider]]\nname = \"s\"\nrate = \"1/s\"\ncapacity = 1\n"
                 "quota_bytes = 1\n"),
        UnorderedElementsAre(HasSubstr("provider[0].rate: the daemon's own store"),
                             HasSubstr("provider[0].capacity: the daemon's own store"),
                             HasSubstr("provider[0].quota_bytes: the daemon's own store")));
}

// proves: I4, I6
TEST_F(config_test, what_gateways_are_told_is_checked) {
    EXPECT_THAT(
        refusals("[dependency.gateway]\nhedge_copies = 5\nhedge_longest = \"49ms\"\n"
                 "probe_every = \"9s\"\ncache_bytes = 1073741825\n"),
        ElementsAre(HasSubstr("2 dependency.gateway.hedge_copies: must be from 0 to 4"),
                    HasSubstr("3 dependency.gateway.hedge_longest: must be from 50ms to 10m"),
                    HasSubstr("4 dependency.gateway.probe_every: must be from 10s to 1d"),
                    HasSubstr("5 dependency.gateway.cache_bytes: must be from 0 to "
                              "1073741824")));
    EXPECT_THAT(
        refusals("[dependency.gateway]\nhedge_longest = \"11m\"\n"
                 "probe_every = \"25h\"\n"),
        ElementsAre(HasSubstr("hedge_longest: must be"), HasSubstr("probe_every: must be")));
    const auto none = load(
        "[dependency.gateway]\nhedge_copies = 0\nprobe_every = \"0s\"\n"
        "cache_bytes = 0\nhedge_longest = \"10m\"\n");
    ASSERT_TRUE(none);
    EXPECT_EQ(none->value.dependency.gateway.probe_every, time_span{0s});
    EXPECT_TRUE(
        load("[dependency.gateway]\nhedge_copies = 4\nprobe_every = \"24h\"\n"
             "cache_bytes = 1073741824\nhedge_longest = \"50ms\"\n"));
}

// proves: I3
TEST_F(config_test, what_images_may_take_is_checked) {
    EXPECT_THAT(refusals("[images]\nmax_pixels = 0\nmax_frames = 0\ncpu_time = \"999ms\"\n"
                         "at_once = 0\n"),
                ElementsAre(HasSubstr("2 images.max_pixels: must be from 1 to 268435456"),
                            HasSubstr("3 images.max_frames: must be from 1 to 10000"),
                            HasSubstr("4 images.cpu_time: must be from 1s to 5m"),
                            HasSubstr("5 images.at_once: must be from 1 to 64")));
    EXPECT_THAT(refusals("[images]\nmax_pixels = 268435457\nmax_frames = 10001\n"
                         "cpu_time = \"5m1s\"\nat_once = 65\n"),
                ElementsAre(HasSubstr("max_pixels: must be"), HasSubstr("max_frames: must be"),
                            HasSubstr("cpu_time: must be"), HasSubstr("at_once: must be")));
    EXPECT_THAT(refusals("[images]\ncheck = \"on\"\ncompress = \"yes\"\n"),
                ElementsAre(HasSubstr("images.check: must be one of"),
                            HasSubstr("images.compress: must be a boolean")));
    EXPECT_TRUE(
        load("[images]\nmax_pixels = 268435456\nmax_frames = 10000\n"
             "cpu_time = \"5m\"\nat_once = 64\ncheck = \"off\"\n"));
}

TEST_F(config_test, presets_and_policies_are_checked) {
    EXPECT_THAT(
        refusals("[dependency.solana]\npreset = \"solana\"\ntimeout = \"1ms\"\n"
                 "[dependency.ipfs]\nretry.attempts = 101\nbreaker.successes = 6\n"
                 "[[dependency.gateway.endpoint]]\nname = \"own\"\nurl = \"http://x.example\"\n"),
        ElementsAre(HasSubstr("solana.preset: must be one of \"default\" \"solana_rpc\""),
                    HasSubstr("solana.timeout: must be from 100ms to 10m"),
                    HasSubstr("ipfs.retry.attempts: must be from 0 to 100"),
                    HasSubstr("ipfs.breaker.successes: must be from 1 to 5"),
                    HasSubstr("endpoint[0].name: \"own\" is the daemon's own gateway")));
    EXPECT_TRUE(load("[dependency.solana]\npreset = \"redis\"\n"));
}

// proves: S1
TEST_F(config_test, only_nodes_of_the_chain_have_a_websocket) {
    EXPECT_THAT(
        refusals("[[dependency.solana.endpoint]]\nname = \"a\"\nurl = \"http://a.example\"\n"
                 "websocket = \"http://a.example\"\n"
                 "[[dependency.gateway.endpoint]]\nname = \"g\"\nurl = \"http://g.example\"\n"
                 "websocket = \"ws://g.example\"\n"),
        ElementsAre(HasSubstr("websocket: must be an absolute ws or wss URL"),
                    HasSubstr("websocket: only nodes of the chain notify")));
    const auto loaded = load(
        "[[dependency.solana.endpoint]]\nname = \"a\"\nurl = \"http://a.example\"\n"
        "websocket = \"wss://a.example/?key=hush\"\n");
    ASSERT_TRUE(loaded);
    EXPECT_EQ(show_config(*loaded).find("hush"), std::string::npos);
}

// proves: C4, P11
TEST_F(config_test, a_partner_has_a_url_places_and_a_pipeline) {
    const auto loaded = load(R"(
[dependency.partner.shop]
url = "https://shop.example/seen/{wallet}"
called = ["mint", "recheck"]
[dependency.partner.shop.pipeline]
preset = "partner_api"
timeout = "3s"
limiter = {permits = 5, burst = 2}
breaker.open_for = "45s"
)");
    ASSERT_TRUE(loaded) << loaded.error().front().rule;
    const auto partners = partners_of(loaded->value, {});
    ASSERT_EQ(partners.size(), 1U);
    EXPECT_EQ(partners[0].id.view(), "shop");
    EXPECT_EQ(partners[0].called.size(), 2U);
    EXPECT_EQ(partners[0].calls.timeout, 3s);
    EXPECT_EQ(partners[0].calls.breaker->open_for, 45s);
    EXPECT_EQ(partners[0].calls.limiter->burst, 2U);
    EXPECT_FALSE(partners[0].calls.retry) << "the step repeats";

    const auto plain = load("[dependency.partner.a]\nurl = \"http://a.example/{wallet}\"\n");
    ASSERT_TRUE(plain);
    const auto usual = partners_of(plain->value, {});
    EXPECT_EQ(usual[0].called, std::vector{nft::partner_place::recheck});
    EXPECT_EQ(usual[0].calls.timeout, 10s);
    EXPECT_EQ(usual[0].calls.breaker, breaker_settings{});
}

// proves: O9, P11
TEST_F(config_test, a_reload_changes_pipelines_and_tells_the_rest) {
    const std::string shop = "[dependency.partner.shop]\nurl = \"http://x.example/{wallet}\"\n";
    const auto before = load(shop + "pipeline.timeout = \"2s\"\n").value();
    EXPECT_TRUE(plan_reload(before.value, before.value).pipelines.empty());
    EXPECT_TRUE(plan_reload(before.value, before.value).at_restart.empty());

    const auto after = load("[server]\nmax_connections = 7\n[log]\nlevel = \"debug\"\n" + shop +
                            "pipeline = {timeout = \"3s\", breaker = {}}\n");
    ASSERT_TRUE(after);
    const auto plan = plan_reload(before.value, after->value);
    ASSERT_TRUE(plan.pipelines.contains("shop"));
    EXPECT_EQ(plan.pipelines.at("shop").timeout, 3s);
    EXPECT_TRUE(plan.pipelines.at("shop").breaker);
    EXPECT_THAT(plan.at_restart, UnorderedElementsAre("server.max_connections", "log.level"));

    const auto without = plan_reload(before.value, load("").value().value);
    EXPECT_TRUE(without.pipelines.empty());
    EXPECT_THAT(without.at_restart, ElementsAre("dependency.partner.shop"));
}

// proves: C4, P11
TEST_F(config_test, partners_are_checked_down_to_their_policies) {
    EXPECT_THAT(
        refusals("[dependency.partner.\"a b\"]\nurl = \"http://x.example/\"\ncalled = []\n"
                 "token = \"env:NOT_SET\"\n"),
        ElementsAre(HasSubstr("partner.a b: the name must be"),
                    HasSubstr("url: must be an absolute http or https URL with {wallet}"),
                    HasSubstr("called: must name at least one place"), HasSubstr("token: ")));
    EXPECT_THAT(refusals("[dependency.partner.shop]\nurl = \"http://x.example/{wallet}\"\n"
                         "pipeline.retry.attempts = 3\npipeline.budget = {}\n"
                         "pipeline.breaker.window = \"1ms\"\n"),
                ElementsAre(HasSubstr("shop.pipeline.retry: has two homes"),
                            HasSubstr("5 dependency.partner.shop.pipeline.breaker.window: must")));
    EXPECT_THAT(
        refusals("[dependency.partner.shop]\nurl = \"http://x.example/{wallet}\"\n"
                 "pipeline = {hedge = {}, budget = {}, chaos = {}, bulkhead = {queue = 1}}\n"),
        ElementsAre(HasSubstr("pipeline.bulkhead.queue: must be 0"),
                    HasSubstr("pipeline.chaos: calls to a partner are made as they are"),
                    HasSubstr("pipeline.hedge: there is one call at a time")));
}

// proves: O10
TEST_F(config_test, the_shown_configuration_holds_no_secret_and_reads_back) {
    const auto loaded = load(minting() + R"(
[[dependency.solana.endpoint]]
name = "third"
url = "https://user:pass@node.third.example/v2/abcdefghijklmnopqrstuvwxyz?api-key=hush#frag"
tier = 2
[dependency.partner.shop]
url = "https://shop.example/seen/{wallet}?key=hush"
pipeline = {breaker = {open_for = "45s"}}
)");
    ASSERT_TRUE(loaded);
    const auto text = show_config(*loaded);
    for (const auto* hidden : {"pass@", "hush", "abcdefghijklmnop"}) {
        EXPECT_EQ(text.find(hidden), std::string::npos) << text;
    }
    EXPECT_THAT(text, HasSubstr("key = \"file:" + key_));
    EXPECT_THAT(text, HasSubstr("thole.toml:2"));
    EXPECT_THAT(text, HasSubstr("node.third.example/v2/***"));
    // What is shown is a configuration again.
    std::filesystem::remove(folder_ / "thole.toml");
    const auto again = load(text);
    ASSERT_TRUE(again) << again.error()[0].place << again.error()[0].rule << text;
    EXPECT_EQ(show_config(*again).size() > 0, true);
    EXPECT_EQ(again->value.dependency.solana.endpoint.size(), 3U);
    EXPECT_EQ(again->value.dependency.partner.at("shop").url,
              "https://shop.example/seen/{wallet}?***");
    EXPECT_EQ(partners_of(again->value, {})[0].calls, partners_of(loaded->value, {})[0].calls);
}

// The examples of the manual, as they stand there but for the place of the key.
TEST_F(config_test, the_examples_of_the_manual_are_accepted) {
    std::ifstream in{std::string{THOLE_SOURCE_DIR} + "/doc/configuration.md"};
    const std::string manual{std::istreambuf_iterator<char>{in}, {}};
    int seen = 0;
    for (auto at = manual.find("```toml\n"); at != std::string::npos;
         at = manual.find("```toml\n", at)) {
        at += 8;
        auto text = manual.substr(at, manual.find("```", at) - at);
        const auto key = text.find("\"file:");
        const auto end = text.find('"', key + 1);
        const bool of_payloads = text.find("/payload-") < end;
        if (key != std::string::npos) {
            text.replace(key, end + 1 - key,
                         of_payloads ? "\"env:OLDER_KEY\"" : "\"file:" + key_ + "\"");
        }
        EXPECT_THAT(refusals(text, {{"BACKUP_RPC_URL", "https://rpc.second.test/key"},
                                    {"SHOP_TOKEN", "an example"},
                                    {"OLDER_KEY", std::string(64, '1')},
                                    {"THOLE_PAYLOAD_KEY_2026_07", std::string(64, '2')}}),
                    ElementsAre("accepted"));
        ++seen;
    }
    EXPECT_EQ(seen, 5);
}

TEST(text_values, references) {
    EXPECT_EQ(reference::parse("file:/a")->text(), "file:/a");
    EXPECT_EQ(reference::parse("env:A")->kind, reference_kind::env);
    EXPECT_FALSE(reference::parse("credential:../a"));
    EXPECT_FALSE(reference::parse("file:"));
    EXPECT_FALSE(reference::parse("/a"));
}

// proves: E5, E8
TEST_F(config_test, what_the_engine_is_told_of_kinds_and_ticks_is_checked) {
    EXPECT_THAT(refusals("[engine.kind.mnt]\nconcurrency = 2\n"),
                ElementsAre(HasSubstr("engine.kind.mnt: there is no such kind of operations; must "
                                      "be one of \"mint\"")));
    EXPECT_THAT(refusals("[engine.kind.bench]\nkeep_for = \"1m\"\n"),
                ElementsAre(HasSubstr("engine.kind.bench.keep_for: must be from 1h to")));
    EXPECT_THAT(refusals("[engine.kind.mint]\nkey_per_minute = 6000001\n"),
                ElementsAre(HasSubstr("engine.kind.mint.key_per_minute: must be from 0 to")));
    EXPECT_THAT(refusals("[engine.kind.bench]\nkey_per_minute = 1\n"),
                ElementsAre(HasSubstr("engine.kind.bench.key_per_minute: operations of this kind "
                                      "have no key")));
    EXPECT_THAT(refusals("[reconcile]\ncontent_within = \"30m\"\n"),
                ElementsAre(HasSubstr("reconcile.content_within: must be from 1h to")));
    EXPECT_THAT(refusals("[reconcile]\ninterval = \"0s\"\ncontent_within = \"30m\"\n"),
                ElementsAre("accepted"));
    EXPECT_THAT(refusals("[reconcile]\ncontent_within = \"0s\"\n"), ElementsAre("accepted"));
    const auto job = [](std::string_view at, std::string_view more) {
        return "[engine.cron.nightly]\nat = \"" + std::string{at} + "\"\n" + std::string{more};
    };
    EXPECT_THAT(refusals(job("0 24 * * *", "kind = \"reconcile\"\n")),
                ElementsAre(HasSubstr("engine.cron.nightly.at: hour: 24 is not from 0 to 23")));
    EXPECT_THAT(refusals(job("0 3 * * *", "kind = \"mint\"\n")),
                ElementsAre(HasSubstr("engine.cron.nightly.kind: there is no such kind")));
    EXPECT_THAT(refusals(job("0 3 * * *", "kind = \"bench\"\ninput = \"[]\"\n")),
                ElementsAre(HasSubstr("engine.cron.nightly.input: must be a JSON object")));
    EXPECT_THAT(refusals("[engine.cron.\"a b\"]\nat = \"* * * * *\"\nkind = \"bench\"\n"),
                ElementsAre(HasSubstr("the name must be 1 to 64 letters")));
    const auto good = load(job("0 3 * * *", "kind = \"bench\"\nmissed = \"one\"\n"));
    ASSERT_TRUE(good);
    EXPECT_EQ(good->value.engine.cron.at("nightly").missed, saga::missed_ticks::one);
}

}  // namespace
}  // namespace thole::app
