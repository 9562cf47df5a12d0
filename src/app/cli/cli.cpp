#include "app/cli/cli.hpp"
#include "app/payload_keys.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/commands.hpp"
#include "app/version.hpp"
#include "base/id.hpp"

namespace thole::app {
namespace {

constexpr const char* footer =
    "\nExit codes: 0 done, 1 ended otherwise, 2 usage or configuration, 3 refused input,\n"
    "4 daemon unreachable, 5 parked or --wait ran out, 6 findings.\n"
    "Manual: doc/cli.md";

struct global_options {
    std::string config;
    std::string data;
    std::string listen;
    std::string socket;
    std::string url;
    std::string token_file;
    std::string output = "table";
};

config_sources sources_of(const global_options& g, const environment& env) {
    config_sources out{.file = {}, .env = env, .flags = {}};
    if (!g.config.empty()) out.file = g.config;
    if (!g.data.empty()) out.flags.push_back({"/data/folder", g.data, "--data"});
    if (!g.listen.empty()) out.flags.push_back({"/server/listen", g.listen, "--listen"});
    if (!g.socket.empty()) out.flags.push_back({"/server/socket", g.socket, "--socket"});
    return out;
}

// Where the daemon is: --url, else --socket, else the socket of the configuration. A configuration
// with mistakes still says where: the command line must work while somebody edits it.
std::expected<client, std::string> connect(const global_options& g, const environment& env) {
    client_settings settings;
    if (!g.token_file.empty()) {
        auto text = read_secret({reference_kind::file, g.token_file}, env);
        if (!text) return std::unexpected{fmt::format("--token-file: {}", text.error().detail())};
        auto token = text->reveal();
        while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
        settings.token = secret<std::string>{std::move(token)};
    }
    if (!g.url.empty()) {
        settings.url = g.url;
    } else if (!g.socket.empty()) {
        settings.socket = g.socket;
    } else {
        settings.socket = configured_places(sources_of(g, env)).server.socket;
    }
    return client{std::move(settings)};
}

class command_line {
  public:
    command_line();
    int run(int argc, const char* const* argv);

  private:
    using daemon_command = std::function<int(session&, client&)>;
    using local_command = std::function<int(session&)>;

    int complain_of_usage(std::string_view text);
    void add_globals();
    void add_local();
    void add_mint();
    void add_batch(CLI::App& mint);
    void add_reconcile();
    void add_operation();
    static void add_filter(CLI::App& to, list_options& which);
    void add_resolve(CLI::App& operation);
    void add_acts(CLI::App& operation);
    void add_holds(CLI::App& operation);
    void add_bulk(CLI::App& operation);
    void add_explain();
    int explain_either(session& s);
    std::string journal_file() const;
    [[nodiscard]] saga::payload_cipher::ptr payload_keys();
    int mint_one_or_many(session& s, client& daemon);
    CLI::App* add(CLI::App& under, const char* name, const char* about, local_command what);
    CLI::App* add_remote(CLI::App& under, const char* name, const char* about, daemon_command what);

    environment env_ = system_environment();
    system_entropy random_;
    CLI::App app_{"Carries operations across failing networks to a verified end, exactly once.",
                  "thole"};
    global_options global_;
    mint_options mint_;
    batch_options batch_;
    reconcile_options reconcile_;
    list_options list_;
    export_options export_;
    resolve_options resolve_;
    bulk_options bulk_;
    hold_options hold_;
    act_options act_;
    std::string argument_;
    std::vector<std::string> worker_arguments_;
    std::string reason_;
    bool follow_ = false;
    std::uint32_t ticks_ = 3;
    local_command chosen_;
};

command_line::command_line() {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(footer);
    add_globals();
    add_local();
    add_mint();
    add_reconcile();
    add_operation();
    add_explain();
}

void command_line::add_globals() {
    app_.add_option("--config", global_.config, "Configuration file [/etc/thole/thole.toml]")
        ->type_name("FILE");
    app_.add_option("--data", global_.data, "Data folder")->type_name("FOLDER");
    app_.add_option("--socket", global_.socket, "The daemon's unix socket")->type_name("PATH");
    app_.add_option("--url", global_.url, "The daemon over TCP, e.g. http://127.0.0.1:8420")
        ->type_name("URL");
    app_.add_option("--token-file", global_.token_file, "File (mode 0600) with the token for --url")
        ->type_name("FILE");
    app_.add_option("-o,--output", global_.output, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->type_name("FORM");
    app_.set_version_flag("--version", std::string{version_text}, "Print the version");
}

CLI::App* command_line::add(CLI::App& under, const char* name, const char* about,
                            local_command what) {
    auto* command = under.add_subcommand(name, about);
    command->fallthrough();
    command->callback([this, what = std::move(what)] { chosen_ = what; });
    return command;
}

CLI::App* command_line::add_remote(CLI::App& under, const char* name, const char* about,
                                   daemon_command what) {
    return add(under, name, about, [this, what = std::move(what)](session& s) {
        auto daemon = connect(global_, env_);
        if (!daemon) return s.complain(daemon.error()), static_cast<int>(exit_usage);
        return what(s, *daemon);
    });
}

void command_line::add_local() {
    auto* serve = add(app_, "serve", "Run the daemon in the foreground",
                      [this](session& s) { return run_serve(s, sources_of(global_, env_)); });
    serve->add_option("--listen", global_.listen, "Address and port for TCP")
        ->type_name("ADDRESS:PORT");
    auto* config = app_.add_subcommand("config", "The configuration");
    config->require_subcommand(1);
    config->fallthrough();
    add(*config, "check", "Print every mistake, or the effective configuration",
        [this](session& s) { return run_config_check(s, sources_of(global_, env_)); });
    add(app_, "version", "Print the version", [](session& s) { return run_version(s); });
    auto* worker = add(app_, "image-worker", "What an image on standard input is, in a sandbox",
                       [this](session& s) { return run_image_worker(s, worker_arguments_); });
    worker->add_option("limits", worker_arguments_, "After --: see thole-image-worker")
        ->type_name("LIMITS");
    auto* doctor =
        add(app_, "doctor", "Prove that the journal is what its own events tell",
            [this](session& s) { return run_doctor(s, journal_file(), payload_keys()); });
    doctor->add_option("file", argument_, "A journal, e.g. a copy [the data folder's]")
        ->type_name("FILE");
    auto* archive = add(app_, "archive", "An archive's lines, with what is sealed in the clear",
                        [this](session& s) { return run_archive(s, argument_, payload_keys()); });
    archive->add_option("file", argument_, "E.g. archive/operations-2026-01.jsonl")
        ->type_name("FILE")
        ->required();
    add_remote(app_, "status", "Health of the daemon and of what it depends on", &run_status);
    add_remote(app_, "providers", "What each provider of content keeps, and what it costs",
               &run_providers);
    auto* verify =
        add_remote(app_, "verify", "What a wallet holds, read from chain and content",
                   [this](session& s, client& c) { return run_verify(s, c, argument_); });
    verify->add_option("wallet", argument_, "The wallet's address")->required();
}

std::string command_line::journal_file() const {
    if (!argument_.empty()) return argument_;
    return configured_places(sources_of(global_, env_)).data.folder + "/journal.sqlite";
}

// Of the configuration; none when it cannot be read: what needs one says so by its id.
saga::payload_cipher::ptr command_line::payload_keys() {
    const auto loaded = load_config(sources_of(global_, env_));
    if (!loaded) return {};
    return open_payload_cipher(loaded->value.engine, env_, random_).value_or(nullptr);
}

int command_line::mint_one_or_many(session& s, client& daemon) {
    if (batch_.from.empty()) return run_mint(s, daemon, mint_);
    batch_.tags = mint_.tags;
    return run_batch(s, daemon, batch_);
}

void command_line::add_reconcile() {
    auto* reconcile =
        add_remote(app_, "reconcile", "Compare the records with the chain, and repair",
                   [this](session& s, client& c) { return run_reconcile(s, c, reconcile_); });
    reconcile->add_flag("--dry-run", reconcile_.dry_run, "Report only, change nothing");
    reconcile->add_flag("--content", reconcile_.content, "Fetch what the URIs name, too");
    reconcile->add_option("--timeout", reconcile_.timeout_seconds, "Seconds to wait [3600]")
        ->check(CLI::Range(1U, 86'400U));
}

void command_line::add_batch(CLI::App& mint) {
    auto* batch = mint.add_option("--batch", batch_.from, "Mint a whole list instead of one NFT")
                      ->type_name("FILE.csv|FILE.json|FOLDER");
    for (const auto* own : {"--image", "--name", "--owner", "--account", "--symbol",
                            "--description", "--level", "--attribute", "--external-url",
                            "--standard", "--priority", "--immutable", "--key", "--wait"}) {
        batch->excludes(mint.get_option(own));
    }
    mint.add_option("--batch-id", batch_.id, "Part of every key [the file's name]")->needs(batch);
    mint.add_option("--parallel", batch_.parallel, "Of a batch, under way at once [32]")
        ->needs(batch)
        ->check(CLI::Range(1U, 256U));
    mint.add_flag("--dry-run", batch_.dry_run,
                  "Judge the batch and estimate its cost, send nothing")
        ->needs(batch);
    mint.parse_complete_callback([this] {
        if (!batch_.from.empty()) return;
        for (const auto& [option, value] :
             {std::pair{"--image", &mint_.image}, std::pair{"--name", &mint_.name},
              std::pair{"--owner", &mint_.owner}}) {
            if (value->empty()) throw CLI::RequiredError{option};
        }
    });
}

void command_line::add_mint() {
    auto* mint = add_remote(app_, "mint", "Mint one NFT, or a batch",
                            [this](session& s, client& c) { return mint_one_or_many(s, c); });
    mint->add_option("--image", mint_.image, "PNG, JPEG, GIF or WebP, at most 50 MiB")
        ->type_name("FILE");
    mint->add_option("--name", mint_.name, "At most 32 bytes");
    mint->add_option("--owner", mint_.owner, "The wallet that gets it");
    mint->add_option("--account", mint_.account, "Your user; one mint at a time each [owner]");
    mint->add_option("--symbol", mint_.symbol, "At most 10 bytes");
    mint->add_option("--description", mint_.description, "At most 4 KiB");
    mint->add_option("--level", mint_.level, "Written as the attribute Level");
    mint->add_option("--attribute", mint_.attributes, "TRAIT=VALUE, as often as needed")
        ->type_name("TRAIT=VALUE")
        ->allow_extra_args(false);
    mint->add_option("--external-url", mint_.external_url, "A page about it");
    mint->add_option("--standard", mint_.standard, "token-2022 or metaplex [token-2022]")
        ->check(CLI::IsMember({"token-2022", "metaplex"}));
    mint->add_option("--priority", mint_.priority, "high, normal or low [normal]")
        ->check(CLI::IsMember({"high", "normal", "low"}));
    mint->add_flag("--immutable", mint_.immutable, "The metadata can never be changed");
    mint->add_option("--key", mint_.key, "Idempotency key: asking again gives the same mint");
    mint->add_flag("--wait", mint_.wait, "Show progress until it has ended");
    mint->add_option("--timeout", mint_.timeout_seconds, "Seconds for --wait [600]")
        ->check(CLI::Range(1U, 86'400U));
    mint->add_option("--tag", mint_.tags, "To find it by, as often as needed; of a batch, all")
        ->allow_extra_args(false);
    add_batch(*mint);
}

void command_line::add_operation() {
    auto* operation =
        app_.add_subcommand("operation", "Operations: what runs, waits and has ended");
    operation->require_subcommand(1);
    operation->fallthrough();
    auto* list = add_remote(*operation, "list", "Newest first", [this](session& s, client& c) {
        return run_operation_list(s, c, list_);
    });
    add_filter(*list, list_);
    list->add_option("--limit", list_.limit, "At most [50]")->check(CLI::Range(1U, 500U));

    auto* out =
        add_remote(*operation, "export", "Operations and their events as JSON lines",
                   [this](session& s, client& c) { return run_operation_export(s, c, export_); });
    add_filter(*out, export_.which);
    out->add_flag("--acts", export_.acts_only,
                  "Only what people did: actor, reason, before, after");
    out->add_option("--to", export_.to, "A new file (mode 0600) [standard output]")
        ->type_name("FILE");

    auto* show = add_remote(*operation, "show", "One operation", [this](session& s, client& c) {
        return run_operation_show(s, c, argument_);
    });
    show->add_option("id", argument_)->required();
    auto* events = add_remote(*operation, "events", "Its timeline", [this](session& s, client& c) {
        return run_operation_events(s, c, argument_, follow_);
    });
    events->add_option("id", argument_)->required();
    events->add_flag("--follow", follow_, "Wait for more until it has ended");

    const auto verb = [&](const char* name, const char* about, bool reason_required) {
        auto* command = add_remote(*operation, name, about, [this, name](session& s, client& c) {
            return run_operation_act(s, c, argument_, name, reason_);
        });
        command->add_option("id", argument_)->required();
        auto* reason = command->add_option("--reason", reason_, "Kept in the operation's events");
        if (reason_required) reason->required();
    };
    verb("cancel", "Undo it, while nothing is signed", false);
    verb("retry", "A parked or waiting one goes on now", false);
    verb("close", "End a parked one without calling it completed", true);
    verb("fail", "Declare a parked one failed", true);
    verb("pause", "It rests until it is resumed", false);
    verb("resume", "A paused one goes on", false);
    add_acts(*operation);
    add_resolve(*operation);
    add_bulk(*operation);
    add_holds(*operation);
}

namespace {

void add_output(CLI::App& to, act_options& what) {
    to.add_option("--output", what.output, "The step's output as JSON, which later steps read");
}
void add_step(CLI::App& to, act_options& what) {
    to.add_option("--step", what.step, "The name of an earlier step, or of this one");
}
void add_skipped(CLI::App& to, act_options& what) {
    to.add_option("--step", what.step,
                  "Which is meant, of steps side by side [the first that is not done]");
    add_output(to, what);
}
void add_priority(CLI::App& to, act_options& what) {
    to.add_option("--priority", what.priority, "high, normal or low")
        ->check(CLI::IsMember({"high", "normal", "low"}));
}

void add_version(CLI::App& to, act_options& what) {
    to.add_option("--to", what.version, "Version of its definition, e.g. 2")
        ->check(CLI::Range(1, 1'000'000));
}
void add_patch(CLI::App& to, act_options& what) {
    to.add_option(
        "--set", what.patch,
        "What changes in its input, as a JSON merge patch: '{\"request\":{\"name\":\"B\"}}'");
}

}  // namespace

void command_line::add_acts(CLI::App& operation) {
    struct verb {
        const char* name;
        const char* about;
        void (*more)(CLI::App&, act_options&);
    };
    for (const auto& [name, about, more] :
         {verb{"skip", "Give the output of a skippable step, which then does not run", add_skipped},
          verb{"reopen", "Back to an earlier step, over steps that may be repeated", add_step},
          verb{"prioritise", "Another class", add_priority},
          verb{"edit", "Another input, from the beginning, while nothing must be undone",
               add_patch},
          verb{"migrate", "Another version of its definition, from where it stands",
               add_version}}) {
        auto* command =
            add_remote(operation, name, about, [this, act = std::string{name}](auto& s, auto& c) {
                return run_operation_act_with(s, c, act_, act);
            });
        command->add_option("id", act_.id)->required();
        more(*command, act_);
        command->get_options().back()->required();
        command->add_option("--reason", act_.reason, "Kept in the operation's events")->required();
    }
}

void command_line::add_holds(CLI::App& operation) {
    for (const auto& [name, about] :
         {std::pair{"hold", "A kind, or everything, rests: nothing of it is begun"},
          {"release", "… and goes on"}}) {
        auto* command =
            add_remote(operation, name, about, [this, act = std::string{name}](auto& s, auto& c) {
                return run_hold(s, c, hold_, act);
            });
        auto* what = command->add_option_group("what");
        what->require_option(1);
        what->add_option("--kind", hold_.kind, "e.g. mint");
        what->add_flag("--everything", hold_.everything, "Every kind");
        command->add_option("--reason", hold_.reason, "Kept with it")->required();
    }
    auto* cron = add_remote(operation, "cron", "What is begun by the clock, and when next (UTC)",
                            [this](session& s, client& c) { return run_cron(s, c, ticks_); });
    cron->add_option("--ticks", ticks_, "So many ahead [3]")->check(CLI::Range(1U, 100U));
    auto* list = add_remote(operation, "holds", "What rests, who said so, and why",
                            [this](session& s, client& c) { return run_hold_list(s, c, hold_); });
    list->add_flag("--history", hold_.history, "Everything that was ever said, newest first");
}

void command_line::add_filter(CLI::App& to, list_options& which) {
    to.add_option("--state", which.state,
                  "ready, running, blocked, parked, completed, rolled_back, failed, closed");
    to.add_option("--kind", which.kind, "e.g. mint");
    to.add_option("--key", which.key, "Idempotency key");
    to.add_option("--account", which.account, "The account it was made for");
    to.add_option("--tag", which.tag, "One of the tags that it was given");
    to.add_option("--parent", which.parent, "The operation whose step started it");
    to.add_option("--error", which.error, "Part of its fault, of what it waits for, or its cause");
    to.add_option("--since", which.since, "Accepted at or after, e.g. 2026-01-31T12:00:00Z");
    to.add_option("--until", which.until, "Accepted before");
}

void command_line::add_bulk(CLI::App& operation) {
    auto* all =
        add_remote(operation, "all", "The same act on all that fit a filter; counts first",
                   [this](session& s, client& c) { return run_operation_bulk(s, c, bulk_); });
    all->add_option("act", bulk_.act,
                    "retry, cancel, close, fail, pause, resume, skip, reopen, prioritise, edit, "
                    "migrate")
        ->required()
        ->check(CLI::IsMember({"retry", "cancel", "close", "fail", "pause", "resume", "skip",
                               "reopen", "prioritise", "edit", "migrate"}));
    add_output(*all, bulk_.more);
    add_step(*all, bulk_.more);
    add_priority(*all, bulk_.more);
    add_patch(*all, bulk_.more);
    add_version(*all, bulk_.more);
    add_filter(*all, bulk_.which);
    all->add_option("--reason", bulk_.reason, "Kept in the operations' events")->required();
    all->add_flag("--yes", bulk_.yes, "Do it; without, only the count is shown");
    all->add_option("--undo-window", bulk_.undo_window,
                    "Seconds in which \"operation cancel\" undoes it; what cannot be taken back is "
                    "done when they have passed")
        ->check(CLI::Range(1, 86'400));
}

void command_line::add_resolve(CLI::App& operation) {
    auto* resolve =
        add_remote(operation, "resolve", "Say what became of a generation that nobody can settle",
                   [this](session& s, client& c) { return run_operation_resolve(s, c, resolve_); });
    resolve->add_option("id", resolve_.id)->required();
    auto* verdict = resolve->add_option_group("verdict");
    verdict->require_option(1);
    verdict->add_option("--landed", resolve_.landed,
                        "It landed; what shows it, e.g. the signature");
    auto* dead = verdict->add_option("--dead", resolve_.dead,
                                     "It can never land; what shows it. The operation parks");
    dead->needs(resolve->add_flag("--accept-risk", resolve_.accept_risk,
                                  "Needed with --dead: should it land after all, its effect may be "
                                  "doubled or lost"));
    resolve->add_option(
        "--output", resolve_.output,
        "With --landed: the step's output as JSON, where a reference is not enough");
    resolve->add_option("--generation", resolve_.generation,
                        "The one that was looked at: refused when another was signed since");
    resolve->add_option("--reason", resolve_.reason, "Kept in the operation's events")->required();
}

// No code of a fault has the form of an ID.
int command_line::explain_either(session& s) {
    if (!uuid::parse(argument_)) return run_explain_fault(s, argument_);
    auto daemon = connect(global_, env_);
    if (!daemon) return s.complain(daemon.error()), static_cast<int>(exit_usage);
    return run_explain_operation(s, *daemon, argument_);
}

void command_line::add_explain() {
    auto* explain = app_.add_subcommand("explain", "In words: a fault code, or an operation");
    explain->require_subcommand(0, 1);
    explain->fallthrough();
    explain->add_option("what", argument_, "A fault's code or an operation's ID");
    explain->callback([this, explain] {
        if (!explain->get_subcommands().empty()) return;
        if (argument_.empty()) throw CLI::RequiredError{"a fault's code or an operation's ID"};
        chosen_ = [this](session& s) { return explain_either(s); };
    });
    auto* fault = add(*explain, "fault", "What a code means and how it is answered",
                      [this](session& s) { return run_explain_fault(s, argument_); });
    fault->add_option("code", argument_, "e.g. net.timeout; none lists them all");
    auto* operation = add_remote(
        *explain, "operation", "Where it stands, why, and what can be done",
        [this](session& s, client& c) { return run_explain_operation(s, c, argument_); });
    operation->add_option("id", argument_)->required();
}

int command_line::complain_of_usage(std::string_view text) {
    session s{env_, false};
    s.complain(text);
    s.err.print("  see thole --help\n");
    return exit_usage;
}

int command_line::run(int argc, const char* const* argv) {
    try {
        app_.parse(argc, argv);
    } catch (const CLI::CallForVersion&) {
        session s{env_, global_.output == "json"};
        return run_version(s);
    } catch (const CLI::Success& wanted) {
        return app_.exit(wanted);  // --help
    } catch (const CLI::RequiredError& error) {
        // "A command is required" hides that a word stood in its place.
        const auto unknown = app_.remaining(true);
        return complain_of_usage(
            unknown.empty()
                ? plain(error.what())
                : fmt::format("\"{}\" is no command or option here", plain(unknown.front())));
    } catch (const CLI::ParseError& error) {
        return complain_of_usage(plain(error.what()));
    }
    session s{env_, global_.output == "json"};
    return chosen_(s);
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
    return command_line{}.run(argc, argv);
}

}  // namespace thole::app
