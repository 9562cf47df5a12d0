#include <sys/stat.h>

#include <csignal>
#include <exception>

#include "app/cli/commands.hpp"
#include "app/daemon.hpp"
#include "app/start_error.hpp"

namespace thole::app {

int run_serve(session& s, const config_sources& sources) {
    const auto loaded = load_config(sources);
    if (!loaded) return complain_of_config(s, loaded.error()), exit_usage;
    ::umask(077);                   // whatever is made is ours alone
    std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error value
    try {
        return daemon{*loaded, sources}.run();
    } catch (const start_error& error) {
        s.complain(error.what());
    } catch (const std::exception& error) {
        s.complain(plain(error.what()));
    }
    return exit_ended_otherwise;
}

}  // namespace thole::app
