// CertificateService: orders the certificate of <acme>, keeps it, and renews it before it ends.
//
// One attempt is one AcmeOrder (acme/order.h), asked over the Fetcher; which authority it asks, and
// when the next one is, acme/attempts.h decides. What works is never given up: the file in use is
// replaced only by a chain that was checked. A failure is a line, an event and a moment of the next
// attempt, which is kept over a restart. It is renewed when its authority asks for it, else by its
// life. certificate_attempt.cc has what is done in an attempt.
// Thread: control. Files are read and written on the clerk.
// Ownership: Services.
// Bounds: one order under way; a look at the clock each hour at least, as a wall clock may be set.
// Source: doc/https.md.
#pragma once

#include <cstdint>
#include <functional>
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
#include "app/services/services.h"
#include "base/random.h"
#include "base/unique_fd.h"

namespace lb {

class CertificateService {
 public:
  // changed: a certificate has come, or another one; its file is to be loaded.
  CertificateService(Services& services, std::function<void()> changed);

  void configure(const Config& config);
  void stop();
  struct Order {
    std::string names;      // with spaces between; "": nothing is ordered
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
  // REQUIRES: order().names is not empty, and nothing of it speaks against it
  void order_now();
  static constexpr std::chrono::hours kByHand{1};
  // What is loaded in place of the kept file, as the new certificate could not be kept; "":
  // nothing.
  std::string unkept_file() const;

 private:
  // What the clerk has read.
  struct Kept {
    KeptOrder order;
    std::optional<CertificateFacts> facts;  // of the file in use
    std::string id;                         // of its certificate with the authority; "": none
    std::vector<std::string> complaints;
  };
  static Kept read(const std::string& state_dir, const std::string& first_name);
  void on_read(Kept kept);
  void refuse(const std::string& hostname);
  void forget();  // all that is under way
  void plan(WallTime at);
  void plan_renewal(bool logs_it);
  void look();
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

  Services& services_;
  std::function<void()> changed_;
  Rng rng_ = Rng::from_entropy();
  DnsHook dns_;
  RenewalWatch watch_;

  AcmeSettings settings_;
  std::vector<AcmeAuthority> authorities_;  // in their order; not empty
  std::vector<std::string> names_;
  std::string state_dir_;
  std::uint64_t run_ = 0;  // counts configurations: what belongs to an earlier one is dropped
  Kept kept_;
  std::optional<RenewalWindow> window_;  // of the certificate in use
  bool was_ahead_ = false;               // its window, when it was asked for before
  double chance_ = 0.5;                  // the moment within the window

  AcmeAuthority target_;  // of the attempt: an authority, or its staging directory
  bool is_staging_ = false;
  KeptAccount account_;
  std::string account_of_;  // the directory
  std::optional<AcmeKey> account_key_, key_;
  std::optional<AcmeOrder> order_;
  bool told_terms_ = false, clock_logged_ = false;
  std::uint64_t request_ = 0;
  WallTime next_{}, expiry_logged_{};
  std::optional<WallTime> lost_account_;  // when an account was made again
  std::optional<SteadyTime> by_hand_;     // when an operator asked last
  bool stopped_ = false;
  bool attempting_ = false;  // from the making of its key to its end

  std::string unkept_;  // chain and key that could not be written; "": nothing is left to write
  UniqueFd unkept_fd_;  // the same, in memory
  Timer timer_, wait_, keep_again_;
};

}  // namespace lb
