#include "api/reconciliations.hpp"

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "api/submission.hpp"
#include "nft/reconciler_part.hpp"

namespace thole::api {

reconciliations_resource::reconciliations_resource(parts p) : p_{p} {
    p_.docs.add(std::string{nft::reconcile_kind},
                [](const saga::operation_details& of, boost::json::object& out) {
                    if (const auto report = of.find_output<nft::sweep>()) {
                        out["report"] = json::to_value(*report);
                    }
                });
    p_.docs.add(std::string{nft::reconcile_part_kind},
                [](const saga::operation_details& of, boost::json::object& out) {
                    if (const auto part = of.find_output<nft::sweep_part>()) {
                        out["report"] = json::to_value(part->report);
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
    if (!p_.enabled) co_return refuse(503, codes::mint_disabled);
    saga::submission s;
    s.kind = nft::reconcile_kind;
    s.key = std::move(*key);
    s.input = json::write(*request);
    auto accepted = co_await p_.engine.submit(std::move(s));
    if (!accepted) co_return refuse(accepted.error());
    const submission_place place{p_.engine, p_.docs, p_.time};
    co_return co_await answer_accepted(place, std::move(c), std::move(*accepted));
}

}  // namespace thole::api
