// RenewalWatch: asks an authority periodically when it wants its certificate to be renewed.
//
// Thread: control.
// Ownership: a CertificateService.
// Bounds: one request at a time.  A failed one is repeated after six hours.
// Source: RFC 9773.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "acme/renewal.h"
#include "acme/settings.h"

namespace lb {

struct Runtime;

class RenewalWatch {
 public:
  using Changed = std::function<void(const RenewalWindow&)>;
  RenewalWatch(Runtime& runtime, Changed changed);

  // id: of the certificate (renewal_id()).
  void watch(const AcmeAuthority& authority, const std::string& id);
  void stop();

 private:
  void ask();
  void on_directory(const Result<FetchAnswer>& answer);
  void on_window(const Result<FetchAnswer>& answer);
  void start(const std::string& url, std::function<void(const Result<FetchAnswer>&)> done);

  Runtime& runtime_;
  Changed changed_;
  AcmeAuthority authority_;
  std::string id_;
  std::uint64_t request_ = 0;
  Timer timer_;
};

}  // namespace lb
