// CertificateRecords: coordinates the masters of one store for certificates of names that they
// share, by records of the store:
//
//   acme/lease              {"node","n"}: the master that orders, written again each kRenew;
//                           another one takes it when it has not seen it change for kTakeAfter
//   acme/certificates/NAME  {"sealed"}: of {"order","pem"}, by the keys of <store>: certificate and
//                           key, and an order that is under way, with which the next holder goes on
//   acme/challenges/TOKEN   {"type","name","token","authorization"}: the answer of all of them, and
//                           of their nodes, to an authority
//
// While the store is down the last holder goes on alone; another master orders only when a tenth of
// a certificate's life is left.
// Thread: control.
// Ownership: RecordService.
// Source: doc/https.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "acme/certificate.h"
#include "acme/kept_certificate.h"
#include "net/crypto/seal_keys.h"
#include "registry/store_writer.h"

namespace lb {

struct Network;
class RecordBook;

class CertificateRecords {
 public:
  static constexpr std::chrono::seconds kRenew{15}, kTakeAfter{60}, kPatience{5};

  explicit CertificateRecords(Network& network);

  // Announces a store: no shared certificate is ordered until it is loaded, or has stayed away.
  void prepare();
  // The store has been loaded; it must outlive this object.
  void begin(Registry& registry);
  // Takes the present records.
  void follow(const std::shared_ptr<const RecordBook>& book);
  // The set of shared names may have changed.
  void check() { writer_.check(); }
  void stop();

 private:
  struct Lease {
    std::string node;
    std::uint64_t n = 0;
  };
  struct Waiting {
    std::function<void()> then;
    SteadyTime until;
  };

  bool takes_part() const;
  std::optional<Lease> lease() const;
  bool holds() const;
  bool may_order(const std::optional<CertificateFacts>& in_use) const;
  void keep(const std::string& file, const KeptOrder& order, const std::string& pem,
            std::function<void()> then);
  RegistryWrite plan();
  void plan_lease(RegistryWrite& write);
  void plan_challenges(RegistryWrite& write) const;
  void written(const CommitAnswer& answer);
  void take_certificates(bool all);
  void take_challenges();
  void release(bool all);  // requests that wait for a durable record
  void turn();

  Network& network_;
  Registry* registry_ = nullptr;
  std::shared_ptr<const RecordBook> book_;
  std::string seen_lease_;  // as written …
  SteadyTime seen_at_{};    // … and the time of its last change
  SteadyTime renewed_{};    // by this process
  bool held_ = false;
  SteadyTime down_since_{};
  RegistryWrite writing_;
  std::map<std::string, std::string> to_keep_;  // values to write, by key, sealed
  std::map<std::string, std::string> taken_;    // … and those received or written
  std::map<std::string, std::string> challenges_;
  std::vector<Waiting> waiting_;
  StoreWriter writer_;
  Timer turn_;
};

}  // namespace lb
