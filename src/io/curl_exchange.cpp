#include "io/curl_exchange.hpp"

#include <algorithm>

#include "io/codes.hpp"
#include "io/curl_fault.hpp"
#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole::io {

namespace {

struct curl_url_free {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
    std::string out{text};
    curl_free(text);
    return out;
}

bool is_token(std::string_view text) {
    constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               extra.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
    });
}

bool same_name(std::string_view a, std::string_view b) {
    return curl_strnequal(a.data(), b.data(), std::max(a.size(), b.size())) != 0 &&
           a.size() == b.size();
}

// libcurl before 8.0 fails every second request by prior knowledge on one connection
// (https://github.com/curl/curl/issues/10634): there each request gets a connection of its own.
bool plain_http2_can_be_reused() {
    return curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

result<curl_target> parse_curl_target(const std::string& url) {
    const std::unique_ptr<CURLU, curl_url_free> parsed{curl_url()};
    THOLE_ASSERT(parsed != nullptr, "memory for a URL");
    const auto error = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
    if (error != CURLUE_OK || url.find('\0') != std::string::npos) {
        return fail(codes::http_invalid_request, std::string{"URL: "} + curl_url_strerror(error));
    }
    curl_target out{part_of(parsed.get(), CURLUPART_SCHEME), part_of(parsed.get(), CURLUPART_HOST),
                    part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
    if (out.scheme != "http" && out.scheme != "https") {
        return fail(codes::http_invalid_request, "URL: only http and https");
    }
    if (!part_of(parsed.get(), CURLUPART_USER).empty() ||
        !part_of(parsed.get(), CURLUPART_PASSWORD).empty()) {
        return fail(codes::http_invalid_request, "URL: user names belong in headers");
    }
    if (out.host.starts_with('[') && out.host.ends_with(']')) {
        out.host = out.host.substr(1, out.host.size() - 2);
    }
    return out;
}

curl_exchange::curl_exchange(system_loop& owner, CURL* handle, http_request& request,
                             time_point started)
    : loop_{owner},
      handle_{handle},
      request_{request},
      started_{started},
      deadline_{owner, at_deadline{this}},
      alive_{std::make_shared<curl_exchange*>(this)} {}

curl_exchange::~curl_exchange() {
    *alive_ = nullptr;
    if (multi_ != nullptr) multi_->remove(handle_);
}

template <class Value>
void curl_exchange::set(CURLoption option, Value value) {
    const auto code = curl_easy_setopt(handle_, option, value);
    THOLE_ASSERT(code == CURLE_OK, "this libcurl knows the option");
}

void curl_exchange::append(curl_list& list, const std::string& line) {
    auto* longer = curl_slist_append(list.get(), line.c_str());
    THOLE_ASSERT(longer != nullptr, "memory for a header");
    (void)list.release();
    list.reset(longer);
}

result<> curl_exchange::prepare(const curl_transport::options& options, const curl_target& dialled,
                                const addresses& found) {
    curl_easy_reset(handle_);
    max_header_bytes_ = options.max_header_bytes;
    set(CURLOPT_ERRORBUFFER, error_text_);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HEADERFUNCTION, &curl_exchange::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &curl_exchange::on_body);
    set(CURLOPT_WRITEDATA, this);
    if (request_.max_response_bytes > 0 && request_.max_response_bytes < INT64_MAX) {
        set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.max_response_bytes));
    }
    set_connection(options, dialled, found);
    set_security(options);
    return set_method_and_headers(options.user_agent);
}

void curl_exchange::set_connection(const curl_transport::options& options,
                                   const curl_target& dialled, const addresses& found) {
    // The "+" lets the entry age out of curl's cache; each request writes it anew anyway.
    auto entry = "+" + dialled.host + ":" + dialled.port + ":";
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (i > 0) entry += ',';
        entry += found[i].is_v6() ? "[" + found[i].to_string() + "]" : found[i].to_string();
    }
    boost::system::error_code not_literal;
    boost::asio::ip::make_address(dialled.host, not_literal);
    if (not_literal) append(resolve_, entry);
    set(CURLOPT_RESOLVE, resolve_.get());
    // An empty proxy also keeps curl from looking at http_proxy and its relatives.
    set(CURLOPT_PROXY, options.proxy.c_str());
    const auto left =
        request_.until.child(started_, options.connect_timeout).remaining(loop_.now());
    const auto connect_ms = std::max<long>(
        1, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    if (request_.effect == effect_class::once) {
        set(CURLOPT_FRESH_CONNECT, 1L);
        set(CURLOPT_FORBID_REUSE, 1L);
    }
    switch (options.version) {
        case curl_transport::protocol::negotiated:
            set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
            break;
        case curl_transport::protocol::http1:
            set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
            break;
        case curl_transport::protocol::http2_plain:
            set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
            if (plain_http2_can_be_reused()) {
                set(CURLOPT_PIPEWAIT, 1L);
            } else {
                set(CURLOPT_FRESH_CONNECT, 1L);
                set(CURLOPT_FORBID_REUSE, 1L);
            }
            break;
    }
}

void curl_exchange::set_security(const curl_transport::options& options) {
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) {
        set(CURLOPT_CAINFO, options.ca_file.c_str());
        set(CURLOPT_CAPATH, nullptr);  // that authority and no other
    }
}

result<> curl_exchange::set_method_and_headers(const std::string& user_agent) {
    const auto& method = request_.method;
    if (!is_token(method)) return fail(codes::http_invalid_request, "method");
    const bool has_body =
        !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
    if (method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else if (has_body) {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDS, request_.body.data());  // not copied: the request outlives us
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    }
    if (method != "HEAD" && method != "GET" && method != "POST") {
        set(CURLOPT_CUSTOMREQUEST, method.c_str());
    } else if (method == "GET" && has_body) {
        set(CURLOPT_CUSTOMREQUEST, "GET");
    }
    // No "wait for 100 Continue", and no media type that the caller did not name.
    append(headers_, "Expect:");
    const auto named = [&](std::string_view name) {
        return std::ranges::any_of(request_.headers,
                                   [&](const auto& each) { return same_name(each.first, name); });
    };
    if (!named("Content-Type")) append(headers_, "Content-Type:");
    if (!named("User-Agent") && !user_agent.empty()) set(CURLOPT_USERAGENT, user_agent.c_str());
    for (const auto& [name, value] : request_.headers) {
        if (!is_token(name) || !is_field_value(value)) {
            return fail(codes::http_invalid_request, "header " + name);
        }
        const auto text = trimmed(value);
        append(headers_, text.empty() ? name + ";" : name + ": " + std::string{text});
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
    return {};
}

void curl_exchange::start(curl_multi& multi, resumption<end> waiting) {
    waiting_.emplace(std::move(waiting));
    waiting_->on_cancel([this] { stop(end::cancelled); });
    deadline_.start(request_.until.at());
    multi_ = &multi;
    multi.add(handle_, *this);
}

void curl_exchange::stop(end why) {
    if (multi_ == nullptr) return;
    if (multi_->inside()) {  // called from on_body
        loop_.post([alive = alive_, why] {
            if (*alive != nullptr) (*alive)->stop(why);
        });
        return;
    }
    std::exchange(multi_, nullptr)->remove(handle_);
    resume(why);
}

void curl_exchange::ended(CURLcode code) noexcept {
    multi_ = nullptr;
    code_ = code;
    resume(end::finished);
}

void curl_exchange::resume(end why) {
    deadline_.stop();
    if (auto waiting = std::exchange(waiting_, std::nullopt)) waiting->post(why);
}

std::size_t curl_exchange::on_header(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<curl_exchange*>(self)->take_header({data, size}) ? size : 0;
}

std::size_t curl_exchange::on_body(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<curl_exchange*>(self)->take_body(as_bytes({data, size})) ? size : 0;
}

bool curl_exchange::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > max_header_bytes_) return too_large_ = true, false;
    if (line.starts_with("HTTP/")) {  // also after an interim 1xx: only the last head counts
        response_.headers.clear();
        head_complete_ = false;
        return true;
    }
    if (trimmed(line).empty()) head_complete_ = true;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return true;
    response_.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    return true;
}

bool curl_exchange::take_body(bytes_view data) {
    received_ += data.size();
    if (received_ > request_.max_response_bytes) return too_large_ = true, false;
    if (request_.on_body) {
        if (request_.on_body(data)) return true;
        return refused_ = true, false;
    }
    response_.body += as_text(data);
    return true;
}

duration curl_exchange::info(CURLINFO which) const {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(handle_, which, &microseconds);
    return std::chrono::microseconds{microseconds};
}

bool curl_exchange::request_sent() const {
    long bytes = 0;
    curl_easy_getinfo(handle_, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

bool curl_exchange::connected() const {
    long connections = 0;
    curl_easy_getinfo(handle_, CURLINFO_NUM_CONNECTS, &connections);
    return connections > 0;
}

http_timings curl_exchange::timings(duration resolved) const {
    http_timings out;
    out.resolved = resolved;
    if (connected()) {
        out.connected = resolved + info(CURLINFO_CONNECT_TIME_T);
        const auto secured = info(CURLINFO_APPCONNECT_TIME_T);
        if (secured > duration::zero()) out.secured = resolved + secured;
    }
    out.sent = resolved + info(CURLINFO_PRETRANSFER_TIME_T);
    out.first_byte = resolved + info(CURLINFO_STARTTRANSFER_TIME_T);
    out.total = loop_.now() - started_;
    return out;
}

fault curl_exchange::failure(end why) const {
    const bool sent = request_sent();
    const auto effect = sent ? fault_effect::unknown : fault_effect::none;
    if (too_large_ || code_ == CURLE_FILESIZE_EXCEEDED) {
        return fault{codes::http_too_large}.with_effect(effect);
    }
    if (why == end::cancelled || refused_) {
        return fault{codes::policy_cancelled}.with_effect(effect);
    }
    if (why == end::finished && code_ == CURLE_OK) {
        return fault{codes::net_reset}.with_effect(effect).with_detail("the head was cut short");
    }
    curl_failure seen;
    seen.code = why == end::deadline ? CURLE_OPERATION_TIMEDOUT : code_;
    seen.request_sent = sent;
    seen.text = why == end::deadline ? "the deadline passed" : error_text_;
    curl_easy_getinfo(handle_, CURLINFO_OS_ERRNO, &seen.os_error);
    return fault_of(seen);
}

result<http_response> curl_exchange::finish(end why, duration resolved) {
    // A head that was cut in the middle of a line is a success to curl, with an empty body.
    const bool whole = why == end::finished && code_ == CURLE_OK && head_complete_;
    if (!whole) return fail(failure(why));
    long number = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &number);
    response_.status = static_cast<int>(number);
    curl_easy_getinfo(handle_, CURLINFO_HTTP_VERSION, &number);
    response_.version = number == CURL_HTTP_VERSION_2_0   ? 20
                        : number == CURL_HTTP_VERSION_1_0 ? 10
                                                          : 11;
    response_.timings = timings(resolved);
    return std::move(response_);
}

}  // namespace thole::io
