#include "net/tls/tls_keeper.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/cat.h"
#include "base/clock.h"
#include "base/file.h"
#include "net/socket/memory_file.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kModule = "connection/tls";
constexpr int kRarely = 5;  // without certificates there are no files to poll
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kLongestSecret = 4096;
constexpr std::size_t kLongestFile = 1 << 20;
constexpr auto kWarnBefore = 14 * 24h;
constexpr auto kWarnAgain = 24h;

// Only the copy can be read.
bool is_copied(const FileCopies& copies, const std::string& file) {
  return copies.contains(file) && ::access(file.c_str(), R_OK) != 0;
}

}  // namespace

TlsKeeper::TlsKeeper(Loop& clerk, Log& log, std::shared_ptr<const ChallengeTable> challenges)
    : clerk_(clerk),
      log_(log),
      challenges_(std::move(challenges)),
      now_(std::make_shared<const Held>()),
      timer_(clerk, [this] {
        poll_files();
        timer_.after(settings_.certificates.empty() ? kRarely * interval_ : interval_);
      }) {}

TlsKeeper::FileStamps TlsKeeper::file_stamps() const {
  FileStamps stamps;
  const std::vector<std::string> tickets{settings_.ticket_key_file};
  for (const auto* files : {&settings_.certificates, &settings_.keys, &tickets})
    for (const std::string& file : *files) stamps.push_back(FileStamp::of_file(file));
  return stamps;
}

void TlsKeeper::load(const TlsSettings& settings, std::string renewed_in) {
  settings_ = settings;
  renewed_in_ = std::move(renewed_in);
  read_ring();
  loaded_ = seen_ = file_stamps();
  if (std::exchange(keeps_copies_, false))
    copy_files();
  else
    drop_copies();
  replace();
  if (interval_.count() > 0) timer_.after(interval_);
}

// The copies are in memory, where no other process finds them.  A file that cannot be read is
// reported when it is loaded.
void TlsKeeper::copy_files() {
  for (const auto* files : {&settings_.certificates, &settings_.keys})
    for (const std::string& file : *files) {
      auto read = read_file(file, {.limit = kLongestFile});
      if (!read) continue;
      if (UniqueFd copy = memory_file("certificate", read->text)) copies_[file] = std::move(copy);
      OPENSSL_cleanse(read->text.data(), read->text.size());
    }
}

// What this process reads by itself is newer, also when it is lost later.
void TlsKeeper::drop_copies() {
  std::erase_if(copies_, [](const auto& each) { return ::access(each.first.c_str(), R_OK) == 0; });
}

void TlsKeeper::watch(std::chrono::milliseconds interval, std::function<void()> on_first) {
  clerk_.assert_here();
  interval_ = interval;
  on_first_ = std::move(on_first);
  turn_ring();
  timer_.after(interval_);
}

std::int64_t TlsKeeper::hour() const {
  return std::chrono::duration_cast<std::chrono::hours>(clerk_.clock().wall().time_since_epoch())
      .count();
}

// Runs before the first connection, perhaps as another user than turn_ring().
void TlsKeeper::read_ring() {
  if (!settings_.ticket_ring_file.empty() && ring_file_ != settings_.ticket_ring_file) {
    ring_file_ = settings_.ticket_ring_file;
    ring_saved_ = ring_failed_ = false;
    const auto refused = [this](const std::string& why) {
      log_.warn(kModule,
                why + "; the ticket secrets are new, and players of TLS 1.2 do not resume");
    };
    const auto file =
        read_file(ring_file_, {.limit = kLongestSecret, .cut = true, .follows_links = false});
    if (!file) {
      if (file.error().code != Error::Code::kNotFound) refused(file.error().what);
    } else if ((file->stamp.mode & 077) != 0 ||
               (::geteuid() != 0 && file->stamp.owner != ::geteuid())) {
      refused(ring_file_ + ": is not of this account alone");
    } else if (auto secrets = TicketRing::parse(file->text); !secrets) {
      refused(cat({ring_file_, ": ", secrets.error().what}));
    } else {
      ring_->take(std::move(*secrets), hour());
    }
  }
  ring_->turn(hour());
}

void TlsKeeper::turn_ring() {
  if (ring_->turn(hour())) ring_saved_ = false;
  if (ring_saved_ || settings_.ticket_ring_file.empty() || settings_.certificates.empty()) return;
  const auto written = replace_file(settings_.ticket_ring_file, ring_->text());
  ring_saved_ = written.has_value();
  if (!written && !std::exchange(ring_failed_, true))
    log_.warn(kModule, written.error().what +
                           "; players of TLS 1.2 do not resume after a restart of the server");
  if (written) ring_failed_ = false;
}

void TlsKeeper::poll_files() {
  clerk_.assert_here();
  FileStamps stamps = file_stamps();
  const bool settled = stamps == seen_;
  seen_ = std::move(stamps);
  if (settled && seen_ != loaded_) {
    loaded_ = seen_;
    drop_copies();
    replace();
  }
  turn_ring();
  if (clerk_.clock().wall() >= next_warning_) warn_of_expiry();
}

std::shared_ptr<const TicketKeys> TlsKeeper::ticket_keys() {
  std::vector<std::string> secrets;
  if (const std::string& file = settings_.ticket_key_file; !file.empty()) {
    auto secret = read_file(file, {.limit = kLongestSecret, .cut = true});
    if (!secret || secret->text.size() < kSecretBytes)
      log_.error(kModule, (secret ? cat({file, ": has ", secret->text.size(), " bytes, and ",
                                         kSecretBytes, " are needed"})
                                  : secret.error().what) +
                              "; tickets are not shared with other servers");
    else if (secret->text != file_secret_)
      file_secret_before_ = std::exchange(file_secret_, std::move(secret->text));
    for (const std::string& each : {file_secret_, file_secret_before_})
      if (!each.empty()) secrets.push_back(each);
  }
  secrets.insert(secrets.end(), settings_.ticket_secrets.begin(), settings_.ticket_secrets.end());
  return std::make_shared<const TicketKeys>(std::move(secrets), clerk_.clock(), ring_);
}

void TlsKeeper::replace() {
  const auto before = context();
  TlsContext::Loaded loaded = TlsContext::load(
      settings_, before.get(), settings_.certificates.empty() ? nullptr : ticket_keys(),
      challenges_, copies_);
  for (const std::string& complaint : loaded.complaints) log_.error(kModule, complaint);
  for (const auto& [file, copy] : copies_)
    if (struct stat then{}; is_copied(copies_, file) && ::fstat(copy.get(), &then) == 0 &&
                            FileStamp::of_file(file).changed_ns > FileStamp::of(then).modified_ns)
      log_.error(kModule, file +
                              ": has changed, and this user may not read it; what it held at the "
                              "start stays in use until a restart");
  complaints_ = loaded.complaints;
  why_none_.clear();
  // Without certificates in the configuration the context ends; with unusable ones the old one
  // stays.
  const auto has_any = [](const auto& one) {
    return one != nullptr && !one->certificates().empty();
  };
  if (!settings_.certificates.empty() && !has_any(loaded.context)) {
    why_none_ = loaded.complaints.empty() ? "no certificate" : loaded.complaints.back();
    if (before || !loaded.context) return;
  }
  now_.publish(std::make_shared<const Held>(Held{loaded.context}));
  if (!loaded.context) return;
  for (const TlsContext::Certificate& certificate : loaded.context->certificates())
    log_.info(kModule, cat({"certificate for ", certificate.names, " (", certificate.kind,
                            ") is in use, from ", certificate.file,
                            is_copied(copies_, certificate.file) ? " as it was at the start" : "",
                            ", valid until ", utc_text(certificate.expires, UtcForm::kDay)}));
  warn_of_expiry();
  if ((!before || (!has_any(before) && has_any(loaded.context))) && on_first_) on_first_();
}

std::string TlsKeeper::why_lost(const std::vector<std::string>& files) const {
  const auto current = context();
  for (const std::string& file : files) {
    const auto is_of_file = [&file](const TlsContext::Certificate& one) {
      return one.file == file;
    };
    if (std::ranges::find(settings_.certificates, file) == settings_.certificates.end() ||
        (current && std::ranges::any_of(current->certificates(), is_of_file)))
      continue;
    for (const std::string& complaint : complaints_)
      if (complaint.find(file) != std::string::npos) return complaint;
    return file;
  }
  return {};
}

void TlsKeeper::warn_of_expiry() {
  const WallTime now = clerk_.clock().wall();
  next_warning_ = now + kWarnAgain;
  const auto current = context();
  if (!current) return;
  for (const TlsContext::Certificate& certificate : current->certificates()) {
    if (certificate.expires - now >= kWarnBefore) continue;
    // A renewed certificate may be valid for only six days; a renewal that fails is logged
    // elsewhere.
    if (certificate.expires > now && !renewed_in_.empty() &&
        certificate.file.starts_with(renewed_in_))
      continue;
    const std::string subject =
        cat({"the certificate for ", certificate.names, " in ", certificate.file});
    const auto days =
        std::chrono::duration_cast<std::chrono::hours>(certificate.expires - now).count() / 24;
    log_.warn(kModule,
              certificate.expires <= now
                  ? cat({subject, " has expired on ", utc_text(certificate.expires, UtcForm::kDay),
                         "; players refuse it"})
                  : cat({subject, " expires in ", days, " days, on ",
                         utc_text(certificate.expires, UtcForm::kDay), "; renew it",
                         is_copied(copies_, certificate.file) ? ", and restart the server" : ""}));
  }
}

}  // namespace lb
