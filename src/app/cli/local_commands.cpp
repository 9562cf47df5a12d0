#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <cstring>

#include "api/fault_catalog.hpp"
#include "app/cli/commands.hpp"
#include "app/config_show.hpp"
#include "app/effective_policy.hpp"
#include "app/version.hpp"
#include "image/worker.hpp"

namespace thole::app {

int run_config_check(session& s, const config_sources& sources) {
    const auto loaded = load_config(sources);
    if (!loaded) {
        boost::json::array problems;
        for (const auto& each : loaded.error()) {
            problems.push_back(
                boost::json::object{{"place", each.place}, {"key", each.key}, {"rule", each.rule}});
        }
        if (s.json) s.print_json(boost::json::object{{"valid", false}, {"problems", problems}});
        complain_of_config(s, loaded.error());
        return exit_usage;
    }
    if (s.json) {
        boost::json::array notes;
        for (const auto& each : loaded->notes) notes.emplace_back(std::string_view{each});
        s.print_json(boost::json::object{
            {"valid", true},
            {"notes", notes},
            {"configuration", config_json(loaded->value)},
            {"policies", json::to_value(effective_policies(loaded->value.dependency))}});
        return exit_done;
    }
    for (const auto& each : loaded->files) s.out.print(fmt::format("# read {}\n", each));
    s.out.print(show_config(*loaded));
    s.out.print("\n# What presets and overrides come to:\n");
    for (const auto& each : effective_policies(loaded->value.dependency)) {
        s.out.print(fmt::format("#   {}\n", text_of(each)));
    }
    for (const auto& each : loaded->notes) {
        s.err.print(fmt::format("{} {}\n", s.err.painted("note:", colour::yellow), each));
    }
    return exit_done;
}

void complain_of_config(session& s, const std::vector<config_problem>& problems) {
    s.complain(fmt::format("the configuration has {} {}", problems.size(),
                           problems.size() == 1 ? "mistake" : "mistakes"));
    for (const auto& each : problems) {
        const auto where = each.place.empty() ? std::string{"not set"} : plain(each.place);
        s.err.print(fmt::format("  {}\n    {}{}{}\n", s.err.painted(where, colour::dim),
                                s.err.painted(plain(each.key), colour::bold),
                                each.key.empty() ? "" : ": ", plain(each.rule)));
    }
}

int run_explain_fault(session& s, const std::string& text) {
    if (text.empty()) {
        boost::json::array all;
        table t{{"CODE", "KIND", "SCOPE"}};
        for (const auto* each : api::all_faults()) {
            all.push_back(api::explain(*each));
            t.add({{std::string{each->text}, colour::bold},
                   {std::string{to_string(each->kind)}},
                   {std::string{to_string(each->scope)}}});
        }
        if (s.json) return s.print_json(all), exit_done;
        s.out.print(t.text(s.out, s.out.width()));
        return exit_done;
    }
    const auto* code = api::find_fault(text);
    if (code == nullptr) {
        s.complain(fmt::format(
            "no fault has the code \"{}\"; \"thole explain fault\" lists them all", plain(text)));
        return exit_refused;
    }
    if (s.json) return s.print_json(api::explain(*code)), exit_done;
    s.out.print(fmt::format("{}  ({}, scope {})\n{}\n\n{}\n",
                            s.out.painted(code->text, colour::bold), to_string(code->kind),
                            to_string(code->scope), code->meaning, api::response_to(code->kind)));
    return exit_done;
}

int run_image_worker(session& s, std::vector<std::string> arguments) {
    auto program = image::worker_beside_binary();
    if (program.empty()) {
        s.complain(
            "there is no thole-image-worker beside this program: it was built without libpng, "
            "libjpeg, giflib or libwebp");
        return exit_usage;
    }
    arguments.insert(arguments.begin(), program);
    std::vector<char*> words;
    for (auto& each : arguments) words.push_back(each.data());
    words.push_back(nullptr);
    std::array<char*, 1> no_environment{};
    ::execve(program.c_str(), words.data(), no_environment.data());
    s.complain(fmt::format("{}: {}", program, std::strerror(errno)));
    return exit_usage;
}

int run_version(session& s) {
    if (s.json) return s.print_json(boost::json::object{{"version", version_text}}), exit_done;
    s.out.print(fmt::format("thole {}\n", version_text));
    return exit_done;
}

}  // namespace thole::app
