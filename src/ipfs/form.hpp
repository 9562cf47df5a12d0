#pragma once

// A multipart/form-data body (RFC 7578) around content of a known CID.
//
//   ipfs::form body{cid};
//   body.field("network", "public");
//   body.file("file", "1.png", content);
//   request.headers.emplace_back("Content-Type", body.content_type());
//   request.body = std::move(body).finish();
//
// The boundary is made of the CID's hash: content cannot contain its own hash. A value, single-use.

#include <string>

#include "ipfs/codec/cid.hpp"

namespace thole::ipfs {

class form {
  public:
    explicit form(const cid& id) : boundary_{"thole-" + to_hex(id.digest())} {}

    void field(std::string_view name, std::string_view value) {
        open("form-data; name=\"" + std::string{name} + "\"", {});
        body_ += value;
        body_ += "\r\n";
    }
    void file(std::string_view name, std::string_view file_name, bytes_view content) {
        body_.reserve(body_.size() + content.size() + 512);
        open("form-data; name=\"" + std::string{name} + "\"; filename=\"" + clean(file_name) + "\"",
             "application/octet-stream");
        body_ += as_text(content);
        body_ += "\r\n";
    }
    [[nodiscard]] std::string content_type() const {
        return "multipart/form-data; boundary=" + boundary_;
    }
    [[nodiscard]] std::string finish() && {
        body_ += "--" + boundary_ + "--\r\n";
        return std::move(body_);
    }

  private:
    void open(const std::string& disposition, std::string_view type) {
        body_ += "--" + boundary_ + "\r\nContent-Disposition: " + disposition + "\r\n";
        if (!type.empty()) body_.append("Content-Type: ").append(type).append("\r\n");
        body_ += "\r\n";
    }
    // What may stand in a quoted file name everywhere.
    static std::string clean(std::string_view file_name) {
        std::string out;
        for (const char c : file_name.substr(0, 128)) {
            const bool plain = c >= ' ' && c < 0x7F && c != '"' && c != '\\' && c != '/';
            out.push_back(plain ? c : '_');
        }
        return out.empty() ? "content" : out;
    }

    std::string boundary_;
    std::string body_;
};

}  // namespace thole::ipfs
