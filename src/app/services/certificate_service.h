// CertificateService: orders one certificate of <acme>, keeps it, and renews it before it ends.
//
// The authority may ask any server of a name. Of one that other nodes of <cluster> have too, they
// are told what to answer first; those that do not say within some seconds that they know it are
// named, and not waited for.
// One attempt is one AcmeOrder (acme/order.h), asked over the Fetcher; which authority it asks, and
// when the next one is, acme/attempts.h decides. What works is never given up: the file in use is
// replaced only by a chain that was checked. A failure is a line, an event and a moment of the next
// attempt, which is kept over a restart. It is renewed when its authority asks for it, else by its
// life. certificate_attempt.cc has what is done in an attempt.
// Thread: control. Files are read and written on the clerk.
// Ownership: CertificateOrders.
// Bounds: one order under way; a look at the clock each hour at least, as a wall clock may be set.
// Source: doc/https.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/attempts.h"
#include "acme/kept_certificate.h"
#include "acme/order.h"
#include "app/services/dns_hook.h"
#include "app/services/renewal_watch.h"
#include "app/services/runtime.h"
#include "base/random.h"
#include "base/unique_fd.h"

namespace lb {

// The nodes that have names of certificates too; all of it on control.
struct CertificateNodes {
  struct Shared {
    std::vector<std::string> names, nodes;
    std::string pem;  // chain and key
  };
  // By item: "challenge/TOKEN".
  std::function<void(const std::map<std::string, std::string>& items)> set_challenges;
  std::function<void(const std::vector<Shared>& all)> set_certificates;
  // Those that have not said yet that they know all that they were told.
  std::function<std::vector<std::string>(const std::vector<std::string>& nodes)> behind;
  std::function<std::vector<std::string>(const std::vector<std::string>& nodes)> not_linked;
};

class CertificateService {
 public:
  struct Callbacks {
    std::function<void()> changed;         // a certificate has come, or another one
    std::function<void()> known;           // one that was kept has been read
    std::function<bool()> is_one_at_work;  // of the others; authorities see one at a time
    std::function<std::uint64_t()> next_run;
    const CertificateNodes* nodes = nullptr;  // outlives it
    std::function<void(const std::string& directory, std::string_view result)> ended;
  };
  CertificateService(Runtime& runtime, Callbacks callbacks);

  // wanted: without names nothing is ordered.
  void configure(const Config& config, const WantedCertificate& wanted);
  void stop();
  struct Order {
    std::string label;  // the names with spaces between, and the kind of key where it is RSA
    std::vector<std::string> names;
    unsigned failures = 0;  // in a row
    WallTime next_attempt{};
    std::string why;   // of the last failure, while they last
    std::string file;  // that the certificate is kept in
    std::string directory;
    bool under_way = false;
    std::chrono::seconds may_be_asked{0};  // so long until order_now() may be called again
  };
  Order order() const;
  // By an operator, at most once in kByHand: authorities count orders.
  // REQUIRES: wanted() has names, and nothing of order() speaks against it
  void order_now();
  static constexpr std::chrono::hours kByHand{1};
  // What is loaded in place of the kept file, as the new certificate could not be kept; "":
  // nothing.
  std::string unkept_file() const;
  const WantedCertificate& wanted() const noexcept { return wanted_; }
  bool at_work() const noexcept { return attempting_; }
  // Chain and key as they are kept; "": there are none.
  const std::string& pem() const noexcept { return pem_; }

 private:
  // What the clerk has read.
  struct Kept {
    KeptOrder order;
    std::optional<CertificateFacts> facts;  // of the file in use
    std::string id;                         // of its certificate with the authority; "": none
    std::string pem;                        // the file in use
    std::vector<std::string> complaints;
  };
  static Kept read(const std::string& state_dir, const std::string& file);
  void on_read(Kept kept);
  void forget();  // all that is under way
  void plan(WallTime at);
  void plan_renewal(bool logs_it);
  void check();
  void on_window(const RenewalWindow& window);
  WallTime renewal() const;
  AttemptFacts attempt_facts() const;
  const AcmeAuthority& authority_of(const std::string& directory) const;

  void attempt();
  void with_account();
  void begin_order();
  void take(AcmeOrder::Step step);
  // Whether the order can go on at once.
  bool publish(const AcmeOrder::Publish& publish);
  void set_record(const AcmeOrder::Publish& publish);
  void withdraw();  // all that was published
  void share(const AcmeOrder::Publish& publish);
  void when_shared();
  std::vector<AcmeChallenge> challenges() const;
  bool has_https_port() const;
  void ask(const AcmeOrder::Ask& ask);
  void log_clock();
  void keep(const AcmeOrder::Done& done);
  void not_kept(const Error& error);
  void keep_again();
  void in_use(const CertificateFacts& facts);
  void fail(const AcmeFailure& failure);
  bool makes_account_again();
  void keep_account();
  void keep_order();
  // Runs on the clerk, and then says on control what went wrong.
  void write(std::function<Result<void>()> writes, std::function<void(Result<void>)> then);

  Runtime& runtime_;
  const Callbacks callbacks_;
  Rng rng_ = Rng::from_entropy();
  DnsHook dns_;
  RenewalWatch watch_;

  AcmeSettings settings_;
  std::vector<AcmeAuthority> authorities_;  // in their order; not empty
  WantedCertificate wanted_;
  std::vector<std::string> names_;  // of wanted_
  std::string label_, file_;        // of wanted_, see Order and kept_certificate.h
  std::string state_dir_;
  // Another number with each configuration: what belongs to an earlier one is dropped.
  std::uint64_t run_ = 0;
  Kept kept_;
  std::string pem_;
  std::optional<RenewalWindow> window_;  // of the certificate in use
  bool was_ahead_ = false;               // its window, when it was asked for before
  double chance_ = 0.5;                  // the moment within the window

  AcmeAuthority target_;  // of the attempt: an authority, or its staging directory
  bool is_staging_ = false;
  KeptAccount account_;
  std::string account_of_;  // the directory
  std::optional<AcmeKey> account_key_, key_;
  std::optional<AcmeOrder> order_;
  bool logged_terms_ = false, clock_logged_ = false;
  std::uint64_t request_ = 0;
  WallTime next_{}, expiry_logged_{};
  std::optional<WallTime> lost_account_;  // when an account was made again
  std::optional<SteadyTime> by_hand_;     // when an operator asked last
  bool is_other_ = false;  // the one in use is of other names, or of an authority that is no more
  bool stopped_ = false;
  bool attempting_ = false;  // from the making of its key to its end

  std::string unkept_;  // chain and key that could not be written; "": nothing is left to write
  UniqueFd unkept_fd_;  // the same, in memory
  const SteadyTime began_;
  std::map<std::string, std::string> shared_;  // what other nodes are to answer, by item of CONF
  SteadyTime shared_until_{};                  // … and are waited for
  bool waits_for_links_ = false;               // … those too that are not linked yet
  Timer timer_, wait_, keep_again_, share_wait_;
};

}  // namespace lb
