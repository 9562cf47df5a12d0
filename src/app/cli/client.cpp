#include "app/cli/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cerrno>
#include <iterator>
#include <system_error>

namespace thole::app {
namespace {

constexpr std::size_t longest_answer = 64 << 20;

std::size_t take_body(char* data, std::size_t, std::size_t size, void* to) {
    auto& body = *static_cast<std::string*>(to);
    if (body.size() + size > longest_answer) return 0;
    body.append(data, size);
    return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* to) {
    auto& headers = *static_cast<std::map<std::string, std::string>*>(to);
    const std::string_view line{data, size};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    std::string name;
    for (const char c : line.substr(0, colon)) {
        name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (!value.empty() && static_cast<unsigned char>(value.back()) <= ' ')
        value.remove_suffix(1);
    headers[name] = std::string{value};
    return size;
}

// Why a unix socket could not be connected; curl would speak of a port of localhost.
std::string reason_of(int number) {
    switch (number) {
        case ENOENT:
            return "no such file";
        case ECONNREFUSED:
            return "connection refused";
        case EACCES:
            return "permission denied";
        default:
            return std::generic_category().message(number);
    }
}

struct header_list {
    curl_slist* head = nullptr;
    header_list() = default;
    header_list(const header_list&) = delete;
    header_list& operator=(const header_list&) = delete;
    ~header_list() { curl_slist_free_all(head); }
    void add(const std::string& line) { head = curl_slist_append(head, line.c_str()); }
};

}  // namespace

struct client::handle {
    CURL* curl = curl_easy_init();
    handle() = default;
    handle(const handle&) = delete;
    handle& operator=(const handle&) = delete;
    ~handle() { curl_easy_cleanup(curl); }
};

client::client(client_settings settings)
    : settings_{std::move(settings)}, handle_{std::make_unique<handle>()} {}
client::~client() = default;
client::client(client&&) noexcept = default;

std::string client::where() const {
    return settings_.url.empty() ? settings_.socket : settings_.url;
}

std::expected<client_answer, std::string> client::call(const client_call& what) {
    auto* curl = handle_->curl;
    if (curl == nullptr) return std::unexpected{std::string{"out of memory"}};
    // Connections are kept over a reset.
    curl_easy_reset(curl);
    std::string url = settings_.url;
    if (url.empty()) {
        url = "http://localhost";
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, settings_.socket.c_str());
    }
    while (url.ends_with('/')) url.pop_back();
    url += what.path;

    client_answer answer;
    header_list headers;
    headers.add("Expect:");  // no pause before a body
    if (settings_.token) headers.add("Authorization: Bearer " + settings_.token->reveal());
    for (const auto& [name, value] : what.headers) headers.add(fmt::format("{}: {}", name, value));
    char error[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, what.method.c_str());
    if (what.method != "GET") {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(what.body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, what.body.data());
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.head);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 3000L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(what.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    const auto code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        long number = 0;
        curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
        if (settings_.url.empty() && code == CURLE_COULDNT_CONNECT && number != 0) {
            return std::unexpected{reason_of(static_cast<int>(number))};
        }
        return std::unexpected{std::string{*error != 0 ? error : curl_easy_strerror(code)}};
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return answer;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

}  // namespace thole::app
