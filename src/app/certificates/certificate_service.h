// CertificateService: orders one certificate of <acme>, keeps it, and renews it before it expires.
//
// The authority may ask any server of a name, so other nodes of <cluster> with the name get the
// challenge first; nodes that do not confirm it within some seconds are logged, and not waited for.
// One attempt (certificate_attempt.cc) is one AcmeOrder (acme/order.h) over the Fetcher;
// acme/attempts.h decides its authority and time.  The file in use is replaced only by a checked
// chain.  A failure causes a log line, an event and the time of the next attempt, which survives a
// restart.  The time of renewal depends on the authority's window, or else on the certificate's
// life.
// Thread: control. Files are read and written on the clerk.
// Ownership: CertificateOrders.
// Bounds: one order under way; checks the clock at least hourly, as a wall clock may be set.
// Source: doc/https.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/attempts.h"
#include "acme/kept_certificate.h"
#include "acme/order.h"
#include "acme/revocation.h"
#include "acme/settings.h"
#include "app/certificates/dns_hook.h"
#include "app/certificates/name_check.h"
#include "app/certificates/renewal_watch.h"
#include "base/random.h"
#include "base/unique_fd.h"
#include "net/tls/tls_context.h"

namespace lb {

struct Config;
struct Runtime;

// The nodes that share names of certificates; all functions on control.
struct CertificateNodes {
  struct Shared {
    std::vector<std::string> names, nodes;
    std::string pem;  // chain and key
  };
  // By item: "challenge/TOKEN".
  std::function<void(const std::map<std::string, std::string>& items)> set_challenges;
  std::function<void(const std::vector<Shared>& all)> set_certificates;
  // The nodes that have not yet confirmed all that they got.
  std::function<std::vector<std::string>(const std::vector<std::string>& nodes)> behind;
  std::function<std::vector<std::string>(const std::vector<std::string>& nodes)> not_linked;
};

class CertificateService {
 public:
  struct Callbacks {
    std::function<void()> changed;  // a new certificate has come
    std::function<void()> known;    // a kept certificate has been read
    // Whether another order uses one of these authorities: each gets one order at a time.
    std::function<bool(const std::vector<std::string>& directories)> is_asked;
    std::function<std::uint64_t()> next_run;
    std::function<bool()> conf_is_there;  // masters have sent their certificates
    // Whether this master may order a name that a store shares.
    std::function<bool(const WantedCertificate&, const std::optional<CertificateFacts>&)> may_order;
    // A certificate written here, for the store. then: it is stored, or cannot be stored now.
    std::function<void(const WantedCertificate&, const KeptOrder&, const std::string& pem,
                       std::function<void()> then)>
        kept;
    const CertificateNodes* nodes = nullptr;  // must outlive the service
    std::function<void(const std::string& directory, std::string_view result)> ended;
  };
  CertificateService(Runtime& runtime, Callbacks callbacks);

  // wanted: without names nothing is ordered.
  void configure(const Config& config, const WantedCertificate& wanted);
  void stop();
  struct Order {
    std::string label;       // the names with spaces, and the key type if RSA
    std::string first_name;  // … the first of them
    std::vector<std::string> names;
    unsigned failures = 0;  // in a row
    WallTime next_attempt{};
    std::string why;   // the last failure, or why it was not kept
    std::string file;  // the certificate's file
    std::string directory;
    bool under_way = false;
    std::chrono::seconds may_be_asked{0};  // until order_by_hand() is allowed again
    std::optional<WallTime> renewal;       // of the one in use; nullopt: none
    bool has_staging = false;
    bool is_shared = false;
    std::vector<std::string> nodes;  // that have it now
  };
  Order order() const;
  // Orders of an operator.
  enum class ByHand : std::uint8_t {
    kOrder,
    kOrderAndRevoke,  // the key is compromised: the present certificate is revoked once
                      // the new one is in use, at the nodes too
    kTrial,           // an order at the staging directory, without use
  };
  // Whether this order is allowed now: at most once in kOnceWithin, as authorities limit orders; a
  // trial only where there is a staging directory.
  bool order_by_hand(ByHand what);
  // A master has sent its certificates.
  void conf_came();
  // Another process has written the kept files.
  void read_again();
  static constexpr std::chrono::hours kOnceWithin{1};
  // When a failed write is tried again.
  static constexpr std::chrono::minutes kKeepAgain{10};
  // The file in memory of a certificate that could not be written; "": none.
  std::string unkept_file() const;
  // Adds the certificate in use and its order, by path.
  void add_in_use(std::map<std::string, std::string>& contents) const;
  // The file in memory of a certificate of the names before, until one of the present names is
  // there; "": none.
  std::string former_file() const;
  const WantedCertificate& wanted() const noexcept { return wanted_; }
  bool at_work() const noexcept { return attempting_; }
  std::string directory() const { return directory_url(authority_of(kept_.order.directory)); }
  // The kept chain and key; "": none.
  const std::string& pem() const noexcept { return pem_; }
  // Challenges for other nodes, by item of CONF.
  const std::map<std::string, std::string>& shared() const noexcept { return shared_; }

 private:
  // The result of the clerk's reading.
  struct Kept {
    KeptOrder order;
    std::optional<CertificateFacts> facts;  // of the file in use
    std::string id;                         // its id at the authority, or ""
    std::string pem;                        // the file in use
    std::vector<std::string> complaints;
    FormerCertificates former = {};  // used if there is no such file
    bool is_copy = false;            // the file is gone
  };
  // copies: of files, from the process before.
  static Kept read(const std::string& state_dir, const std::string& file,
                   const std::vector<std::string>& names, const FileCopies& copies);
  void on_read(Kept kept);
  std::vector<std::string> nodes_without_it() const;  // behind, or not linked
  std::vector<std::string> nodes_with_it() const;
  void forget();  // drops all that is under way
  void reset();   // … and the kept state
  void load();    // reads the kept state
  void plan(WallTime at);
  void plan_renewal(bool logs_it);
  void check();
  void on_window(const RenewalWindow& window);
  WallTime renewal() const;
  std::optional<WallTime> in_use_until() const;
  AttemptFacts attempt_facts() const;
  const AcmeAuthority& authority_of(const std::string& directory) const;

  void attempt();
  void with_account();
  void begin_order();
  void keep_begun(const std::string& url);
  void take(AcmeOrder::Step step);
  // Whether the order can go on at once.
  bool publish(const AcmeOrder::Publish& publish);
  void set_record(const AcmeOrder::Publish& publish);
  void withdraw();  // all challenges
  void share(const AcmeOrder::Publish& publish);
  void when_shared();
  std::vector<AcmeChallenge> challenges() const;
  bool has_https_port() const;
  void ask(const AcmeOrder::Ask& ask);
  void log_clock();
  void keep(const AcmeOrder::Done& done);
  void not_kept(const Error& error);
  void keep_again();
  void write_unkept(std::function<void(const Error&)> on_failure);
  void keep_lost();  // writes the file again if it is gone
  void in_use(const CertificateFacts& facts);
  void fail(const AcmeFailure& failure);
  void publish_failure(const std::string& directory, std::string_view kind, const std::string& why,
                       WallTime next);
  void begin_revocation();
  void end_revocation();
  void when_everywhere();
  void take(AcmeRevocation::Step step);
  void end_trial(const AcmeFailure* failure);  // null: success
  bool makes_account_again();
  void keep_account();
  void keep_order();
  // Runs on the clerk; `then` gets the result on control.
  void write(std::function<Result<void>()> writes, std::function<void(Result<void>)> then);

  Runtime& runtime_;
  const Callbacks callbacks_;
  Rng rng_ = Rng::from_entropy();
  DnsHook dns_;
  RenewalWatch watch_;
  NameCheck name_check_;

  AcmeSettings settings_;
  std::vector<AcmeAuthority> authorities_;  // in order; not empty
  WantedCertificate wanted_;
  std::vector<std::string> names_;  // of wanted_
  std::string label_, file_;        // of wanted_, see Order and kept_certificate.h
  std::string state_dir_;
  // Changes with each configuration: results for an earlier one are dropped.
  std::uint64_t run_ = 0;
  bool forgives_ = false;  // a changed setting may have removed the cause of failures
  Kept kept_;
  std::string pem_;
  std::optional<RenewalWindow> window_;  // of the certificate in use
  bool was_ahead_ = false;               // its window was in the future once
  double chance_ = 0.5;                  // position within the window, 0 to 1

  AcmeAuthority target_;  // of the attempt: an authority, or its staging directory
  bool is_staging_ = false;
  bool is_trial_ = false;         // by order_by_hand()
  bool uses_own_account_ = true;  // not the account of another master's order
  bool waits_for_conf_ = false;   // a master may order it; not known yet
  KeptAccount account_;
  std::string account_of_;  // its directory
  std::optional<AcmeKey> account_key_, key_;
  std::optional<AcmeOrder> order_;
  bool logged_terms_ = false, clock_logged_ = false;
  std::uint64_t request_ = 0;
  WallTime next_{}, expiry_logged_{};
  std::optional<WallTime> lost_account_;  // when an account was made again
  std::optional<SteadyTime> by_hand_;     // the last order of an operator
  bool is_other_ = false;                 // the one in use has other names, or a removed authority
  bool stopped_ = false;
  bool attempting_ = false;  // from making the key to the end

  std::string unkept_;  // chain and key to write again; "": none
  std::string unkept_why_;
  UniqueFd unkept_fd_;  // the same, in memory
  UniqueFd former_fd_;  // likewise, of earlier names
  KeptOrder unkept_order_;
  const SteadyTime began_;
  // A certificate to revoke: chain and key, and its authority; "": none.
  SteadyTime everywhere_by_{};
  std::optional<AcmeRevocation> revocation_;
  std::uint64_t revocation_request_ = 0;
  std::map<std::string, std::string> shared_;
  SteadyTime shared_until_{};     // deadline for the nodes
  bool waits_for_links_ = false;  // … including those not linked yet
  Timer timer_, wait_, keep_again_, share_wait_, everywhere_;
};

}  // namespace lb
