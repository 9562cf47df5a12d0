#pragma once

// An archive as files in a folder (made when it is absent, 0700; files 0600). Every append is
// synced before it is answered, a new file's name too.
//
// Ownership: the pool outlives it. Threads: calls on the loop's thread, work on the pool's. Errors:
// engine.archive_failed, with the system's words; nothing beyond `from` counts then.

#include "engine/retention.hpp"
#include "sql/blocking_pool.hpp"

namespace thole::saga {

class file_archive final : public archive {
  public:
    file_archive(std::string folder, sql::blocking_pool& pool)
        : folder_{std::move(folder)}, pool_{pool} {}

    task<result<std::int64_t>> size(std::string file) override;
    task<result<std::int64_t>> append(std::string file, std::int64_t from,
                                      std::string lines) override;

  private:
    std::string folder_;
    sql::blocking_pool& pool_;
};

}  // namespace thole::saga
