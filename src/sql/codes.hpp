#pragma once

// Fault codes of database files; those of databases in general are in thole/codes.hpp.

#include <array>

#include "thole/fault.hpp"

namespace thole::codes {

inline constexpr fault_code db_newer_schema{
    "db.newer_schema", fault_kind::permanent, fault_scope::dependency,
    "The database file was written by a newer version of this program. Start that version, or "
    "restore a backup made by this one."};
inline constexpr fault_code db_older_schema{
    "db.older_schema", fault_kind::permanent, fault_scope::dependency,
    "The file was written by an earlier version of this program, or is not one of its own. A start "
    "of the daemon brings it up."};
inline constexpr fault_code db_corrupt{
    "db.corrupt", fault_kind::permanent, fault_scope::dependency,
    "The file is damaged or is not a database. Restore the latest verified backup."};
inline constexpr fault_code db_cannot_open{
    "db.cannot_open", fault_kind::permanent, fault_scope::dependency,
    "The database file cannot be opened. Check that the folder exists and may be written."};
inline constexpr fault_code db_in_use{
    "db.in_use", fault_kind::permanent, fault_scope::dependency,
    "Another process has opened this database for writing. Two would destroy each other's work; "
    "stop the other one first."};

inline constexpr std::array sql_codes{&db_newer_schema, &db_older_schema, &db_corrupt,
                                      &db_cannot_open, &db_in_use};

}  // namespace thole::codes
