// CertificateOrders: all certificates of <acme>: orders them one after the other, loads them, and
// exchanges them with other nodes.
//
// A name that nodes of <cluster> have too is ordered here, once; its certificate and key are sent
// only to those nodes.  Certificates from masters are in memory only (ConfService keeps them on the
// disk with their other items), and their names are not ordered here.
//
// Thread: control.
// Ownership: Services.
// Source: doc/https.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/certificates/certificate_service.h"
#include "base/unique_fd.h"

namespace lb {

struct Runtime;

// Coordinates masters with a common store for the names that they share
// (app/operate/certificate_records.h); empty functions: no such store.
struct CertificateStore {
  std::function<bool(const std::optional<CertificateFacts>& in_use)> may_order;
  // file: from file_of().  then: the write is durable, or failed for some seconds.
  std::function<void(const std::string& file, const KeptOrder& order, const std::string& pem,
                     std::function<void()> then)>
      keep;
  // All challenges of this server, by item: "challenge/TOKEN".
  std::function<void(const std::map<std::string, std::string>& items)> set_challenges;
  std::function<bool()> has_challenges;  // the other masters have got all of them
};

class CertificateOrders {
 public:
  // changed: the files to load have changed.
  CertificateOrders(Runtime& runtime, CertificateNodes nodes, std::function<void()> changed);

  void use_store(CertificateStore store) { store_ = std::move(store); }
  void configure(const Config& config);
  void stop();
  std::vector<CertificateService::Order> orders() const;
  // Orders all certificates of this name, or tries one; returns whether that was allowed for any.
  bool order_by_hand(std::string_view name, CertificateService::ByHand what);
  // The files to load, besides those of the configuration; some may not exist yet.
  std::vector<std::string> files(const Config& config) const;
  // Certificates in use and their orders, as contents by path, for the next process: files may be
  // gone.
  std::map<std::string, std::string> in_use() const;
  // Numbers of orders since the start, by directory and result.
  using Counts = std::map<std::pair<std::string, std::string>, std::uint64_t>;
  const Counts& counts() const noexcept { return counts_; }

  // The masters' present certificates, all of them.
  struct Given {
    std::vector<std::string> names;
    std::string pem;
    bool operator==(const Given&) const = default;
  };
  void take(std::vector<Given> given);
  // A master has sent all its items.
  void conf_came();
  // Takes the certificate of another master of the store; file: from file_of().
  void take_stored(const std::string& file, const KeptOrder& order, const std::string& pem);
  // This server now orders the certificates that a store shares.
  void lease_came();
  // Takes the challenges of other masters of the store, to answer here and at the nodes.
  void take_stored_challenges(std::map<std::string, std::string> items);
  // Takes masters' challenges, which this node answers too: items "challenge/TOKEN".
  void take_challenges(const std::map<std::string, std::string>& items);

 private:
  CertificateService& at(std::size_t i);
  std::vector<std::string> served_names(const Config& config) const;
  bool is_given(const std::string& name) const;
  void share();  // with the nodes that have the names
  void publish_challenges();
  bool is_asked(const std::vector<std::string>& directories) const;
  CertificateService* of_file(const std::string& file);

  Runtime& runtime_;
  const CertificateNodes given_nodes_;
  const CertificateNodes nodes_;  // includes the masters of the store
  const std::function<void()> changed_;
  std::uint64_t runs_ = 0;
  std::vector<std::unique_ptr<CertificateService>> services_of_;  // those without names are idle
  std::string refused_, left_out_, unsealed_;  // texts logged about the configuration
  Counts counts_;
  std::vector<Given> given_;
  // In memory, one for each certificate; earlier ones may still be in use.
  std::vector<UniqueFd> given_files_, given_files_before_;
  CertificateStore store_;
  std::map<std::string, std::string> own_challenges_, stored_challenges_;
  bool conf_is_there_ = false;
  bool stopped_ = false;
};

}  // namespace lb
