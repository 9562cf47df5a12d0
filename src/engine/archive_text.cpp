#include "engine/archive_text.hpp"

#include <boost/json/object.hpp>

#include "engine/view.hpp"

namespace thole::saga {

namespace {

std::string line(const boost::json::object& o) {
    return json::write(boost::json::value(o)) + "\n";
}

// A stored document as it is; as text when it is none.
boost::json::value document(const std::string& text) {
    auto read = json::parse(text);
    return read ? std::move(*read) : boost::json::value(std::string_view{text});
}

}  // namespace

std::string archived_operation(const operation& op) {
    auto out = json::to_value(view_of(op));
    auto& o = out.as_object();
    o["tenant"] = op.who.tenant;
    o["version"] = op.now.version;
    o["request_hash"] = to_hex(op.who.request_hash);
    if (!op.who.subject.empty()) o["subject"] = op.who.subject;
    if (!op.who.lock_key.empty()) o["lock"] = op.who.lock_key;
    return line({{"operation", std::move(out)}});
}

std::string archived_event(const uuid& id, const event& e) {
    auto out = json::to_value(view_of(e));
    if (!e.payload.empty()) out.as_object()["payload"] = document(e.payload);
    return line({{"id", id.text()}, {"event", std::move(out)}});
}

std::string archived_generation(const uuid& id, const prepared_row& p) {
    return line({{"id", id.text()},
                 {"generation",
                  {{"step", p.step}, {"generation", p.generation}, {"bytes", document(p.bytes)}}}});
}

}  // namespace thole::saga
