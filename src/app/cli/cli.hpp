#pragma once

// The command line: reads the arguments, runs one command, answers its exit code.
// The only user of CLI11, which is dear to compile. One thread.

namespace thole::app {

int run_command_line(int argc, const char* const* argv);

}  // namespace thole::app
