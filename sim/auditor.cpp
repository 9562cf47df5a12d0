#include "sim/auditor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

// What is pending and nobody is at is left alone by a reconciliation for so long.
constexpr duration rest = 11min;
constexpr duration patience = 5s;
constexpr int most_audits = 8;

}  // namespace

bool auditor::is_content() const {
    const auto& told = world_.judges.reports();
    if (number_ >= most_audits) return true;
    if (told.empty() || acted_) return false;
    // A provider whose breaker was still open is given back what it lost by the next one.
    const auto moves = [](const nft::finding& each) {
        return each.remedy != nft::remedy::none || !is_for_a_person(each.drift);
    };
    return std::ranges::none_of(told.back().findings, moves);
}

void auditor::begin(duration age) {
    ++number_;
    accepted_ = acted_ = false;
    ask_at_ = age + rest;
}

std::optional<duration> auditor::next() const {
    if (!is_asking()) return std::nullopt;
    return ask_at_;
}

void auditor::step(process* at, duration age) {
    if (at == nullptr || !is_asking() || age < ask_at_) return;
    ask_at_ = age + patience;
    boost::asio::co_spawn(at->loop().executor(), ask(*at, number_), boost::asio::detached);
}

// Inside the process, so it dies with it.
task<> auditor::ask(process& p, int number) {
    saga::submission s;
    s.kind = nft::reconcile_kind;
    s.key = "audit-" + std::to_string(number);
    s.input = json::write(nft::reconcile_request{.dry_run = false, .content = true, .slice = {}});
    const auto answer = co_await p.engine().submit(std::move(s));
    if (answer && number == number_) accepted_ = true;
}

}  // namespace thole::sim
