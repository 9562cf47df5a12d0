#include "api/reconciliations.hpp"

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "api/submission.hpp"
#include "nft/reconciler.hpp"

namespace thole::api {

reconciliations_resource::reconciliations_resource(saga::engine& engine, documents& docs,
                                                   bool enabled)
    : engine_{engine}, docs_{docs}, enabled_{enabled} {
    docs.add(std::string{nft::reconcile_kind},
             [](const saga::operation_details& of, boost::json::object& out) {
                 if (const auto report = of.find_output<nft::sweep>()) {
                     out["report"] = json::to_value(*report);
                 }
             });
}

void reconciliations_resource::add_to(router& to) {
    to.add({"POST", "/api/v1/reconciliations", "reconciliations", access::operate, {}, 4U << 10U},
           [this](call c) { return post(std::move(c)); });
}

task<io::server_response> reconciliations_resource::post(call c) {
    auto key = idempotency_key(c);
    if (!key) co_return std::move(key).error();
    const auto body = c.http.body.empty() ? std::string_view{"{}"} : std::string_view{c.http.body};
    const auto request = json::read<nft::reconcile_request>(body);
    if (!request) co_return refuse_body(request.error());
    if (!enabled_) co_return refuse(503, codes::mint_disabled);
    saga::submission s;
    s.kind = nft::reconcile_kind;
    s.key = std::move(*key);
    s.input = json::write(*request);
    const auto accepted = co_await engine_.submit(std::move(s));
    if (!accepted) co_return refuse(accepted.error());
    const auto now = co_await engine_.get(accepted->view.id);
    if (!now) co_return refuse(now.error());
    auto out = reply(202, docs_.of(*now));
    out.headers.emplace_back("Location", "/api/v1/operations/" + accepted->view.id.text());
    if (accepted->replayed) out.headers.emplace_back("Idempotent-Replayed", "true");
    co_return out;
}

}  // namespace thole::api
