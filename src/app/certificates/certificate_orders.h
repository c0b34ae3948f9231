// CertificateOrders: all certificates of <acme>: what is ordered, one after the other, what of it
// is loaded, and what goes to other nodes or comes from them.
//
// A name that nodes of <cluster> have too is ordered here, once, and its certificate and key go
// down the links of those nodes alone. What comes from masters is in memory only, beside their
// other items (ConfService keeps these), and its names are not ordered here.
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

// What masters with a common store do together about the names that they share
// (app/operate/certificate_records.h); empty functions: there is no such store.
struct CertificateStore {
  std::function<bool(const std::optional<CertificateFacts>& in_use)> may_order;
  // file: as file_of().  then: it is durable, or is not within some seconds.
  std::function<void(const std::string& file, const KeptOrder& order, const std::string& pem,
                     std::function<void()> then)>
      keep;
  // All that this server wants to be answered, by item: "challenge/TOKEN".
  std::function<void(const std::map<std::string, std::string>& items)> set_challenges;
  std::function<bool()> has_challenges;  // the other masters have been told all of them
};

class CertificateOrders {
 public:
  // changed: other files are to be loaded.
  CertificateOrders(Runtime& runtime, CertificateNodes nodes, std::function<void()> changed);

  void use_store(CertificateStore store) { store_ = std::move(store); }
  void configure(const Config& config);
  void stop();
  std::vector<CertificateService::Order> orders() const;
  // All that are of this name, of a trial one; whether there is one that may be ordered so now.
  bool order_by_hand(std::string_view name, CertificateService::ByHand what);
  // What is to be loaded, beside the files of the configuration; some may not be there yet.
  std::vector<std::string> files(const Config& config) const;
  // By directory and result, since the start.
  using Counts = std::map<std::pair<std::string, std::string>, std::uint64_t>;
  const Counts& counts() const noexcept { return counts_; }

  // From masters: all that there are by now.
  struct Given {
    std::vector<std::string> names;
    std::string pem;
    bool operator==(const Given&) const = default;
  };
  void take(std::vector<Given> given);
  // A master has told all that it has to tell.
  void conf_came();
  // What another master of the store has: the file as of file_of().
  void take_stored(const std::string& file, const KeptOrder& order, const std::string& pem);
  // This server is the one to order what is shared by a store.
  void lease_came();
  // What other masters of the store want to be answered, here and by the nodes.
  void take_stored_challenges(std::map<std::string, std::string> items);
  // What masters order, and this node answers as well: items "challenge/TOKEN".
  void take_challenges(const std::map<std::string, std::string>& items);

 private:
  CertificateService& at(std::size_t i);
  std::vector<std::string> served_names(const Config& config) const;
  bool is_given(const std::string& name) const;
  void share();  // with the nodes of their names
  void publish_challenges();
  bool is_asked(const std::vector<std::string>& directories) const;
  CertificateService* of_file(const std::string& file);

  Runtime& runtime_;
  const CertificateNodes given_nodes_;
  const CertificateNodes nodes_;  // the same, and the masters of the store
  const std::function<void()> changed_;
  std::uint64_t runs_ = 0;
  std::vector<std::unique_ptr<CertificateService>> services_of_;  // those without names rest
  std::string refused_, left_out_, unsealed_;  // what was logged of the configuration
  Counts counts_;
  std::vector<Given> given_;
  // In memory, one a certificate; those before it may be in use yet.
  std::vector<UniqueFd> given_files_, given_files_before_;
  CertificateStore store_;
  std::map<std::string, std::string> own_challenges_, stored_challenges_;
  bool conf_is_there_ = false;
  bool stopped_ = false;
};

}  // namespace lb
