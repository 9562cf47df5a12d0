// Over the journals of this folder. That of several nodes: sim/leases_test.cpp.

#include "engine/journal_conformance_cases_test.hpp"
