#include "engine/archive_text.hpp"

#include <boost/json/object.hpp>

#include "engine/codes.hpp"
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

boost::json::value sealed(bytes_view raw) {
    return boost::json::object{{"sealed", to_base64(raw)}};
}

boost::json::value stored(const std::string& text, const payload_label& label,
                          const payload_cipher* cipher) {
    if (cipher == nullptr) return document(text);
    return sealed(cipher->seal(text, label));
}

std::int64_t number_of(int step, int generation) {
    return std::int64_t{step} << 10 | generation;
}

std::int64_t integer_of(const boost::json::object& in, std::string_view member) {
    const auto* found = in.if_contains(member);
    return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

result<> unseal(boost::json::object& in, std::string_view member, const payload_label& label,
                const payload_cipher* cipher) {
    auto* found = in.if_contains(member);
    const auto* object = found != nullptr ? found->if_object() : nullptr;
    const auto* sealed =
        object != nullptr && object->size() == 1 ? object->if_contains("sealed") : nullptr;
    if (sealed == nullptr || !sealed->is_string()) return {};
    const auto raw = from_base64(std::string_view{sealed->get_string()});
    if (!raw) return fail(codes::engine_payload_unreadable, "no base64");
    auto text = open_payload(cipher, *raw, label);
    if (!text) return fail(std::move(text).error());
    *found = document(*text);
    return {};
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

std::string archived_event(const uuid& id, const event& e, const payload_cipher* cipher) {
    auto out = json::to_value(view_of(e));
    auto& o = out.as_object();
    if (!e.payload.empty()) {
        o["payload"] = e.payload_sealed
                           ? sealed(as_bytes(e.payload))
                           : stored(e.payload, {id, payload_place::event_payload, e.seq}, cipher);
    }
    if (e.data_sealed) {
        o["data"] = sealed(as_bytes(e.data));
    } else if (e.type == event_type::edited && cipher != nullptr) {
        o["data"] = stored(e.data, {id, payload_place::event_data, e.seq}, cipher);
    }
    return line({{"id", id.text()}, {"event", std::move(out)}});
}

std::string archived_generation(const uuid& id, const prepared_row& p,
                                const payload_cipher* cipher) {
    const payload_label label{id, payload_place::prepared, number_of(p.step, p.generation)};
    return line(
        {{"id", id.text()},
         {"generation",
          {{"step", p.step},
           {"generation", p.generation},
           {"bytes", p.sealed ? sealed(as_bytes(p.bytes)) : stored(p.bytes, label, cipher)}}}});
}

result<std::string> opened_line(std::string_view text, const payload_cipher* cipher) {
    auto read = json::parse(text);
    auto* whole = read ? read->if_object() : nullptr;
    if (whole == nullptr) return fail(codes::engine_unreadable);
    const auto* id_text = whole->if_contains("id");
    const auto id = id_text != nullptr && id_text->is_string()
                        ? uuid::parse(std::string_view{id_text->get_string()})
                        : std::nullopt;
    if (!id) return line(*whole);
    auto* e = whole->if_contains("event");
    auto* g = whole->if_contains("generation");
    if (e != nullptr && e->is_object()) {
        const auto seq = integer_of(e->get_object(), "seq");
        for (const auto& [member, place] : {std::pair{"payload", payload_place::event_payload},
                                            {"data", payload_place::event_data}}) {
            auto done = unseal(e->get_object(), member, {*id, place, seq}, cipher);
            if (!done) return fail(std::move(done).error());
        }
    } else if (g != nullptr && g->is_object()) {
        auto& o = g->get_object();
        const auto number = number_of(static_cast<int>(integer_of(o, "step")),
                                      static_cast<int>(integer_of(o, "generation")));
        auto done = unseal(o, "bytes", {*id, payload_place::prepared, number}, cipher);
        if (!done) return fail(std::move(done).error());
    }
    return line(*whole);
}

}  // namespace thole::saga
