#include "app/cli/cli.hpp"

int main(int argc, char** argv) {
    return thole::app::run_command_line(argc, argv);
}
