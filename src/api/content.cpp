#include "api/content.hpp"

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "ipfs/media.hpp"

namespace thole::api {

// Takes the body: the first bytes decide whether it is an image, the rest goes straight to disk.
// What is wrong with it is kept for the answer, and the rest of the body is then dropped.
class content_resource::upload final : public io::body_sink {
  public:
    explicit upload(content_resource& owner) : owner_{owner} {}

    result<> write(bytes_view piece) override {
        size_ += piece.size();
        if (refusal_) return {};
        if (media_) return feed(piece);
        head_.insert(head_.end(), piece.begin(), piece.end());
        return head_.size() < ipfs::media_prefix ? result<>{} : begin();
    }

    // The end of the body: the writer to commit, or what to answer instead.
    std::expected<ipfs::content_writer*, io::server_response> end() {
        if (size_ == 0) {
            return std::unexpected{
                refuse(422, codes::api_invalid, "The body is empty; at least 1 byte is needed.")};
        }
        if (!media_ && !refusal_) (void)begin();
        if (refusal_) return std::unexpected{std::move(*refusal_)};
        return &*writer_;
    }
    [[nodiscard]] ipfs::media media() const { return *media_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  private:
    result<> begin() {
        media_ =
            ipfs::recognise(bytes_view{head_}.first(std::min(head_.size(), ipfs::media_prefix)));
        if (!media_) return stop(refuse(415, codes::api_media_type));
        if (!owner_.room_()) return stop(refuse(507, codes::api_disk_full));
        auto writer = owner_.store_.begin();
        if (!writer) return stop(refuse(writer.error()));
        writer_.emplace(std::move(*writer));
        return feed(head_);
    }
    result<> feed(bytes_view piece) {
        auto fed = writer_->feed(piece);
        return fed ? fed : stop(refuse(fed.error()));
    }
    result<> stop(io::server_response answer) {
        refusal_ = std::move(answer);
        writer_.reset();
        return {};
    }

    content_resource& owner_;
    bytes head_;
    std::uint64_t size_ = 0;
    std::optional<ipfs::media> media_;
    std::optional<ipfs::content_writer> writer_;
    std::optional<io::server_response> refusal_;
};

void content_resource::add_to(router& to) {
    to.add({"POST",
            "/api/v1/content",
            "content",
            access::submit,
            {},
            content_limit,
            [this] { return std::make_shared<upload>(*this); }},
           [this](call c) { return post(std::move(c)); });
}

task<result<image::report>> content_resource::look_at(const ipfs::content_writer* writer) {
    auto look = [worker = images_.look, writer]() -> result<image::report> {
        const auto file = writer->read_back();
        if (!file) return fail(file.error());
        return worker->at(file->get());
    };
    co_return co_await images_.pool->run(std::move(look));
}

// What the file became before, if it is whole: one file never becomes two. It is put anew, so that
// it is as young as any other upload and mended where only its copy on the disk was damaged. Else
// the file, where nothing is smaller or it is held as it is; else what is smaller.
task<result<ipfs::stored>> content_resource::keep(ipfs::content_writer* writer, ipfs::original file,
                                                  std::string smaller) {
    const store_time now{time_.wall_now().time_since_epoch()};
    auto commit = [&store = store_, writer, &file, &smaller, now]() -> result<ipfs::stored> {
        const auto keep_instead = [&](bytes_view content) -> result<ipfs::stored> {
            auto kept = store.put(content, now);
            if (!kept) return kept;
            if (auto ok = store.note_original(kept->info.root, file); !ok) return fail(ok.error());
            return kept;
        };
        if (const auto before = store.kept_instead_of(file.sha256)) {
            const auto whole = store.read_all(*before);
            if (whole) return keep_instead(*whole);
        }
        const auto root = writer->root();
        if (!root) return fail(root.error());
        if (smaller.empty() || store.has(*root)) return writer->commit(now);
        return keep_instead(as_bytes(smaller));
    };
    co_return co_await pool_.run(std::move(commit));
}

task<io::server_response> content_resource::post(call c) {
    auto taken = std::dynamic_pointer_cast<upload>(c.http.sink);
    if (!taken) {  // a server that gave the body whole
        taken = std::make_shared<upload>(*this);
        (void)taken->write(as_bytes(c.http.body));
    }
    auto writer = taken->end();
    if (!writer) co_return std::move(writer.error());

    std::optional<image::report> seen;
    if (images_.look != nullptr) {
        auto looked = co_await look_at(*writer);
        if (!looked) {
            const auto& why = looked.error();
            const bool refused = why.is(image::codes::refused);
            if (!refused && !why.is(image::codes::worker_failed)) co_return refuse(why);
            co_return refuse(refused ? 422 : 503,
                             refused ? image::codes::refused : image::codes::worker_failed,
                             std::string{why.detail()});
        }
        seen = *std::move(looked);
    }
    const ipfs::original file{(*writer)->sha256(), taken->size()};
    auto smaller = seen ? std::move(seen->smaller) : std::string{};
    auto kept = co_await keep(*writer, file, std::move(smaller));
    if (!kept) co_return refuse(kept.error());
    if (kept->created) count_.counter_of(ops::metric::store_content_bytes).add(kept->info.size);
    boost::json::object told{{"v", 1},
                             {"cid", kept->info.root.text()},
                             {"size", kept->info.size},
                             {"media_type", ipfs::media_type(taken->media())},
                             {"sha256", to_hex(kept->info.sha256)}};
    if (seen)
        told["width"] = seen->width, told["height"] = seen->height, told["frames"] = seen->frames;
    if (kept->info.sha256 != file.sha256) {
        told["original"] =
            boost::json::object{{"size", file.size}, {"sha256", to_hex(file.sha256)}};
    }
    auto out = reply(kept->created ? 201 : 200, told);
    out.headers.emplace_back("Location", "/ipfs/" + kept->info.root.text());
    co_return out;
}

}  // namespace thole::api
