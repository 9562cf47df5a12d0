#pragma once

// For functional tests only: certificates made on the spot, as PEM.

#include <string>

namespace thole::io::test_kit {

struct identity {
    std::string certificate;
    std::string key;
};

struct certificate_wish {
    std::string subject_name = "localhost";  // common name and DNS name
    int valid_from_days = -1;                // relative to now
    int valid_to_days = 1;
    bool is_authority = false;
};

// Signed by `issuer`; by itself when that is null.
[[nodiscard]] identity make_certificate(const certificate_wish& wish,
                                        const identity* issuer = nullptr);

// A file that is removed again.
class temporary_file {
  public:
    explicit temporary_file(const std::string& content);
    ~temporary_file();
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    std::string path_;
};

}  // namespace thole::io::test_kit
