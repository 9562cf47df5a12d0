// The journals of this folder. That of several nodes: sim/leases_test.cpp.

#include "engine/journal_conformance_test.hpp"

namespace thole::saga::testing {
using conforming = worlds;
}

#include "engine/journal_conformance_cases_test.hpp"
