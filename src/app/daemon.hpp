#pragma once

// The daemon: every part put together by constructors, run until a signal, taken apart in order.
//
//   daemon d{loaded, sources};     // opens the stores, binds the ports; throws start_error
//   return d.run();                // until SIGTERM or SIGINT; a second signal ends it at once
//
// Two loops on two threads: `front` serves HTTP (accepting, bodies, content, liveness), `core` has
// engine, clients and sagas. A request for the core is awaited across (hop.hpp). Blocking calls go
// to pools. Start: stores and ports first, then what was interrupted goes on. Stop: no new
// requests, running work is given back to the journal within server.drain_timeout, then the loops
// end. Nothing is lost by a kill instead: the next start finds it.
// SIGHUP reads the configuration's sources again (reload.hpp); one that has mistakes changes
// nothing.

#include <memory>

#include "app/config_load.hpp"

namespace thole::app {

class daemon {
  public:
    daemon(const loaded_config& from, const config_sources& sources);
    ~daemon();
    daemon(const daemon&) = delete;
    daemon& operator=(const daemon&) = delete;

    // Answers the process's exit code.
    int run();

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace thole::app
