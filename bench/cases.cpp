#include "bench/cases.hpp"

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench/engine_load.hpp"

namespace thole::bench {

arguments read_arguments(std::string bench, int argc, char** argv) {
    arguments out;
    out.bench = std::move(bench);
    for (int i = 1; i < argc; ++i) {
        const std::string_view word{argv[i]};
        if (word == "--json") {
            out.json = true;
        } else if (word == "--quick") {
            out.quick = true;
        } else if (word == "--case" && i + 1 < argc) {
            out.cases.insert(argv[++i]);
        } else {
            std::fprintf(stderr, "usage: %s_bench [--json] [--quick] [--case NAME]...\n",
                         out.bench.c_str());
            std::exit(2);
        }
    }
    return out;
}

int measure(const arguments& asked, const std::vector<named_case>& list) {
    boost::json::object cases;
    for (const auto& [name, run] : list) {
        if (!asked.cases.empty() && !asked.cases.contains(name)) continue;
        const auto figures = run();
        std::fprintf(stderr, "%-14s", name);
        for (const auto& [key, value] : figures) {
            std::fprintf(stderr, "  %s %g", std::string{key}.c_str(), value.to_number<double>());
        }
        std::fprintf(stderr, "\n");
        cases[name] = figures;
    }
    if (asked.json) {
        const boost::json::object out{{"bench", asked.bench}, {"cases", std::move(cases)}};
        std::puts(boost::json::serialize(out).c_str());
    }
    return 0;
}

double median(std::vector<double> of) {
    return quantile(of, 0.5);
}

double rounded(double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", v);
    return std::strtod(text, nullptr);
}

}  // namespace thole::bench
