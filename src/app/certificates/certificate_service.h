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

namespace lb {

struct Config;
struct Runtime;

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
    std::function<void()> changed;  // a certificate has come, or another one
    std::function<void()> known;    // one that was kept has been read
    // Whether one of these authorities is asked for another one: each sees one order at a time.
    std::function<bool(const std::vector<std::string>& directories)> is_asked;
    std::function<std::uint64_t()> next_run;
    std::function<bool()> conf_is_there;  // masters have told what they order
    // Of a name that is shared by a store another master may order.
    std::function<bool(const WantedCertificate&, const std::optional<CertificateFacts>&)> may_order;
    // It was written here: a store gets it too. then: when it is there, or for the present cannot.
    std::function<void(const WantedCertificate&, const KeptOrder&, const std::string& pem,
                       std::function<void()> then)>
        kept;
    const CertificateNodes* nodes = nullptr;  // outlives it
    std::function<void(const std::string& directory, std::string_view result)> ended;
  };
  CertificateService(Runtime& runtime, Callbacks callbacks);

  // wanted: without names nothing is ordered.
  void configure(const Config& config, const WantedCertificate& wanted);
  void stop();
  struct Order {
    std::string label;       // the names with spaces between, and the kind of key where it is RSA
    std::string first_name;  // … the first of them
    std::vector<std::string> names;
    unsigned failures = 0;  // in a row
    WallTime next_attempt{};
    std::string why;   // of the last failure, while they last; or that it could not be kept
    std::string file;  // that the certificate is kept in
    std::string directory;
    bool under_way = false;
    std::chrono::seconds may_be_asked{0};  // so long until order_by_hand() orders again
    std::optional<WallTime> renewal;       // of the one in use; nullopt: none is
    bool has_staging = false;
    bool is_shared = false;
    std::vector<std::string> nodes;  // that have it by now
  };
  Order order() const;
  // What an operator orders.
  enum class ByHand : std::uint8_t {
    kOrder,
    kOrderAndRevoke,  // the key of the one in use is in other hands: it is revoked once the new one
                      // is in use, at the nodes too
    kTrial,           // all of it but the use, at the authority's staging directory
  };
  // Whether the certificate is one that may be ordered so now: an order at most once in
  // kOnceWithin, as authorities count them; a trial where there is a staging directory.
  bool order_by_hand(ByHand what);
  // A master has told what it orders.
  void conf_came();
  // Another process has written what is kept.
  void read_again();
  static constexpr std::chrono::hours kOnceWithin{1};
  // What could not be kept is written again.
  static constexpr std::chrono::minutes kKeepAgain{10};
  // What is loaded in place of the kept file, as the new certificate could not be kept; "":
  // nothing.
  std::string unkept_file() const;
  const WantedCertificate& wanted() const noexcept { return wanted_; }
  bool at_work() const noexcept { return attempting_; }
  std::string directory() const { return directory_url(authority_of(kept_.order.directory)); }
  // Chain and key as they are kept; "": there are none.
  const std::string& pem() const noexcept { return pem_; }
  // What other nodes are to answer, by item of CONF.
  const std::map<std::string, std::string>& shared() const noexcept { return shared_; }

 private:
  // What the clerk has read.
  struct Kept {
    KeptOrder order;
    std::optional<CertificateFacts> facts;  // of the file in use
    std::string id;                         // of its certificate with the authority; "": none
    std::string pem;                        // the file in use
    std::vector<std::string> complaints;
    FormerCertificates former = {};  // in use where there is no such file
  };
  static Kept read(const std::string& state_dir, const std::string& file,
                   const std::vector<std::string>& names);
  void on_read(Kept kept);
  std::vector<std::string> nodes_without_it() const;  // behind, or not linked
  std::vector<std::string> nodes_with_it() const;
  void forget();  // all that is under way
  void reset();   // and what is known
  void load();    // what is kept
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
  void publish_failure(const std::string& directory, std::string_view kind, const std::string& why,
                       WallTime next);
  void begin_revocation();
  void when_everywhere();
  void take(AcmeRevocation::Step step);
  void end_trial(const AcmeFailure* failure);  // null: it went well
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
  NameCheck name_check_;

  AcmeSettings settings_;
  std::vector<AcmeAuthority> authorities_;  // in their order; not empty
  WantedCertificate wanted_;
  std::vector<std::string> names_;  // of wanted_
  std::string label_, file_;        // of wanted_, see Order and kept_certificate.h
  std::string state_dir_;
  // Another number with each configuration: what belongs to an earlier one is dropped.
  std::uint64_t run_ = 0;
  bool forgives_ = false;  // a change of the settings may have mended what had failed
  Kept kept_;
  std::string pem_;
  std::optional<RenewalWindow> window_;  // of the certificate in use
  bool was_ahead_ = false;               // its window, when it was asked for before
  double chance_ = 0.5;                  // the moment within the window

  AcmeAuthority target_;  // of the attempt: an authority, or its staging directory
  bool is_staging_ = false;
  bool is_trial_ = false;         // by order_by_hand()
  bool uses_own_account_ = true;  // not that of the master that has begun the order
  bool waits_for_conf_ = false;   // whether a master orders it is not known yet
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
  std::string unkept_why_;
  UniqueFd unkept_fd_;  // the same, in memory
  KeptOrder unkept_order_;
  const SteadyTime began_;
  // Of a certificate that is to be revoked: chain and key, and its authority; "": none.
  std::string compromised_;
  std::string compromised_of_;
  SteadyTime everywhere_by_{};
  std::optional<AcmeRevocation> revocation_;
  std::uint64_t revocation_request_ = 0;
  std::map<std::string, std::string> shared_;
  SteadyTime shared_until_{};     // the nodes are waited for
  bool waits_for_links_ = false;  // … those too that are not linked yet
  Timer timer_, wait_, keep_again_, share_wait_, everywhere_;
};

}  // namespace lb
