#pragma once

// The commands, each a function from its options to an exit code. cli.cpp reads the options.

#include <boost/json/array.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/output.hpp"
#include "app/config_load.hpp"
#include "engine/payload_cipher.hpp"

namespace thole::app {

// ---- local --------------------------------------------------------------------------------------

int run_serve(session&, const config_sources&);
int run_config_check(session&, const config_sources&);
int run_explain_fault(session&, const std::string& code);  // "" = list them all
int run_version(session&);
// Becomes the image worker; comes back only when there is none.
int run_image_worker(session&, std::vector<std::string> arguments);
// Looks through a journal file, with or without a daemon beside it.
int run_doctor(session&, const std::string& file, saga::payload_cipher::ptr cipher);
// The lines of an archive, with what is sealed in them in the clear.
int run_archive(session&, const std::string& file, saga::payload_cipher::ptr cipher);
// What load_config() refused, for a person.
void complain_of_config(session&, const std::vector<config_problem>&);

// ---- through the daemon -------------------------------------------------------------------------

struct mint_options {
    std::string image;
    std::string key;  // "" = a new one, shown before anything is sent
    std::string owner;
    std::string account;
    std::string name;
    std::string symbol;
    std::string description;
    std::optional<std::uint32_t> level;
    std::vector<std::string> attributes;  // "trait=value"
    std::vector<std::string> tags;
    std::string external_url;
    std::string standard;
    std::string priority;
    bool immutable = false;
    bool wait = false;
    std::uint32_t timeout_seconds = 600;  // of --wait
};
int run_mint(session&, client&, const mint_options&);

// Many of them, from a .csv or .json list or a directory (batch_files.hpp).
struct batch_options {
    std::string from;
    std::string id;  // "" = the file's name; part of every key
    std::vector<std::string> tags;
    std::size_t parallel = 32;  // under way at once; never two of one account
    bool dry_run = false;       // judge and estimate only
};
int run_batch(session&, client&, const batch_options&);

struct reconcile_options {
    bool dry_run = false;
    bool content = false;
    std::uint32_t timeout_seconds = 3600;
};
int run_reconcile(session&, client&, const reconcile_options&);

struct list_options {
    std::string state, kind, key, account, tag, parent, error, since, until;
    std::uint32_t limit = 50;
};
// "/api/v1/operations?…"
[[nodiscard]] std::string list_path(const list_options&);
int run_operation_list(session&, client&, const list_options&);
struct export_options {
    list_options which;
    std::string to;          // a file that must not exist yet; "" = standard output
    bool acts_only = false;  // only what people did, and to what
};
int run_operation_export(session&, client&, const export_options&);
int run_operation_show(session&, client&, const std::string& id);
int run_operation_events(session&, client&, const std::string& id, bool follow);
// verb: cancel, retry, close, fail
int run_operation_act(session&, client&, const std::string& id, const std::string& verb,
                      const std::string& reason);
struct act_options {
    std::string id, reason;
    std::string output, step, priority, patch, version;  // what the act needs
};
// verb: skip, reopen, prioritise, edit
int run_operation_act_with(session&, client&, const act_options&, const std::string& verb);
struct hold_options {
    std::string kind;
    bool everything = false;
    std::string reason;
    bool history = false;
};
int run_cron(session&, client&, std::uint32_t ticks);
int run_hold(session&, client&, const hold_options&, const std::string& act);
int run_hold_list(session&, client&, const hold_options&);

struct bulk_options {
    std::string act;
    list_options which;
    std::string reason;
    act_options more;  // without id and reason
    bool yes = false;
    int undo_window = 0;  // seconds
};
int run_operation_bulk(session&, client&, const bulk_options&);
struct resolve_options {
    std::string id;
    std::string landed;  // reference that shows it …
    std::string dead;    // … one of the two
    std::string output;  // JSON
    std::string reason;
    bool accept_risk = false;
    int generation = 0;  // that it was said of; 0: whatever there is
};
int run_operation_resolve(session&, client&, const resolve_options&);
int run_explain_operation(session&, client&, const std::string& id);
int run_verify(session&, client&, const std::string& wallet);
int run_status(session&, client&);
int run_providers(session&, client&);

// Why an ended operation did not complete, in words: its cause and what failed last. Nothing for
// one that has none.
void explain_cause(session&, terminal&, client&, const boost::json::value& operation);
// … as text, from the operation and from the fault of its last failure on the way forward.
[[nodiscard]] std::string cause_text(const boost::json::value& operation,
                                     const boost::json::value& failure);
[[nodiscard]] boost::json::value last_failure(const boost::json::array& events);
// Of a parked one: what a person can do.
[[nodiscard]] std::string what_a_parked_one_needs(const boost::json::value& operation);

// Shows progress until the operation has ended, is parked, or the time is over.
int follow_operation(session&, client&, const std::string& id, std::uint32_t timeout_seconds);

}  // namespace thole::app
