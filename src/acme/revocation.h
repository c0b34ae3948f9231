// AcmeRevocation: reports to an authority that the key of a certificate was stolen: a machine
// without socket and clock, like AcmeOrder.
//
// The certificate's own key signs the request, so no account is needed.
// Thread: one owner.
// Ownership: a value.
// Errors: AcmeFailure; a certificate that is already revoked is no error.
// Source: RFC 8555 7.6; RFC 5280 5.3.1 (keyCompromise is 1).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "acme/order.h"

namespace lb {

class AcmeRevocation {
 public:
  struct Done {};
  using Step = std::variant<AcmeOrder::Ask, Done, AcmeFailure>;

  // certificate: the leaf in DER; key: the certificate's own.
  AcmeRevocation(std::string directory, std::string certificate, AcmeKey key)
      : directory_(std::move(directory)),
        certificate_(std::move(certificate)),
        key_(std::move(key)) {}

  Step begin() const { return AcmeOrder::Ask{directory_, std::nullopt}; }
  // REQUIRES: the last step was Ask
  Step next(const Result<FetchAnswer>& answer, WallTime now);

 private:
  enum class State : std::uint8_t { kDirectory, kNonce, kRevoke };
  Step revoke(std::string_view nonce);

  std::string directory_, certificate_;
  AcmeKey key_;
  State state_ = State::kDirectory;
  std::string new_nonce_, url_;
  int bad_nonces_ = 0;
};

}  // namespace lb
