#include "engine/sqlite_schema.hpp"

#include <array>

#include "engine/sqlite_rows.hpp"

namespace thole::saga {

namespace {

static_assert(rows::archived_flag == 1024, "an index names it");

constexpr std::array migrations{sql::migration{1, R"sql(
create table op(
  id integer primary key,
  uuid blob not null, tenant text not null, kind text not null, version integer not null,
  key text not null, request_hash blob not null, subject text, lock_key text,
  prio integer not null, created_at integer not null,
  state integer not null, ending integer not null, lock integer not null, flags integer not null,
  step integer not null, step_name text, attempt integer not null, generation integer not null,
  allowance integer not null, due_at integer not null, owner integer not null,
  fence integer not null, seq integer not null, progress text, waiting text, fault text,
  cause text, updated_at integer not null, ended_at integer not null);
create unique index op_uuid on op(uuid);
create unique index op_key on op(tenant, kind, key);
create index op_due on op(prio, due_at, id) where state = 0;
create index op_running on op(id) where state = 1;
create index op_blocked on op(lock_key, id) where state = 2;
create index op_parked on op(id) where state = 3;
create index op_subject on op(subject, id) where subject is not null;
create table event(
  id integer primary key, at integer not null, type integer not null, step text,
  attempt integer not null, generation integer not null, latency_ms integer not null,
  fault text, actor text, data text, payload text);
create table prepared(id integer primary key, bytes text not null);
create table key_lock(key text primary key, op integer not null) without rowid;
create table node(name text primary key, boot integer not null, started_at integer not null)
  without rowid;
)sql"},
                                sql::migration{2, R"sql(
create table clock(id integer primary key, at integer not null);
insert into clock(id, at) select 1, coalesce(max(updated_at), 0) from op;
)sql"},
                                sql::migration{3, R"sql(
alter table op add column parent blob;
alter table op add column awaits blob;
create index op_parent on op(parent, id) where parent is not null;
)sql"},
                                // By kind, so that a kind that rests costs a claim nothing.
                                sql::migration{4, R"sql(
drop index op_due;
create index op_due on op(kind, prio, due_at, id) where state = 0;
create table hold(
  id integer primary key, kind text not null, held integer not null, actor text not null,
  reason text not null, at integer not null);
create index hold_kind on hold(kind, id);
)sql"},
                                sql::migration{5, R"sql(
create table plan(
  kind text not null, version integer not null, text text not null,
  primary key(kind, version)) without rowid;
)sql"},
                                // Ended ones whose history is still here, for retention.
                                sql::migration{6, R"sql(
create table payload(id integer primary key, bytes text not null);
create table archive(file text primary key, size integer not null) without rowid;
create index op_ended on op(kind, ended_at) where state = 4 and (flags & 1024) = 0;
)sql"},
                                // NULL: still the one that it was made by.
                                sql::migration{7, R"sql(
alter table op add column now_version integer;
)sql"},
                                // A claim goes past those whose step has no place.
                                sql::migration{8, R"sql(
alter table op add column members text;
alter table op add column lane text not null default '';
drop index op_due;
create index op_due on op(kind, lane, prio, due_at, id) where state = 0;
)sql"},
                                // Keys that something in this file is sealed under.
                                sql::migration{9, R"sql(
create table payload_key(
  id text primary key, fingerprint text not null, whole integer not null) without rowid;
)sql"},
                                // When the next operation of a kind and a lock key may begin.
                                sql::migration{10, R"sql(
create table key_pace(
  kind text not null, key text not null, next_at integer not null,
  primary key(kind, key)) without rowid;
create index key_pace_next on key_pace(next_at);
)sql"},
                                // The row says its tags; the table finds the rows of one.
                                sql::migration{11, R"sql(
alter table op add column tags text;
create table tag(
  tag text not null, op integer not null, primary key(tag, op)) without rowid;
)sql"}};

}  // namespace

std::span<const sql::migration> journal_migrations() noexcept {
    return migrations;
}

}  // namespace thole::saga
