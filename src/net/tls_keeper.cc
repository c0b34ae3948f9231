#include "net/tls_keeper.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/unique_fd.h"
#include "net/digest.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kModule = "connection/tls";
constexpr int kRarely = 5;  // without certificates there is nothing to poll
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kLongestSecret = 4096;
constexpr auto kWarnBefore = 14 * 24h;
constexpr auto kWarnAgain = 24h;

std::string day_of(WallTime when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

}  // namespace

TlsKeeper::TlsKeeper(Loop& clerk, Log& log)
    : clerk_(clerk),
      log_(log),
      now_(std::make_shared<const Held>()),
      own_secret_(random_bytes(kSecretBytes)),
      timer_(clerk, [this] {
        poll_files();
        timer_.after(settings_.certificates.empty() ? kRarely * interval_ : interval_);
      }) {}

TlsKeeper::FileStates TlsKeeper::file_states() const {
  FileStates states;
  const std::vector<std::string> tickets{settings_.ticket_key_file};
  for (const auto* files : {&settings_.certificates, &settings_.keys, &tickets}) {
    for (const std::string& file : *files) {
      struct stat info {};
      FileState state;
      if (::stat(file.c_str(), &info) == 0)
        state = {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size),
                 info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
      states.push_back(state);
    }
  }
  return states;
}

void TlsKeeper::load(const TlsSettings& settings) {
  settings_ = settings;
  loaded_ = seen_ = file_states();
  replace();
  if (interval_.count() > 0) timer_.after(interval_);
}

void TlsKeeper::watch(std::chrono::milliseconds interval, std::function<void()> on_first) {
  clerk_.assert_here();
  interval_ = interval;
  on_first_ = std::move(on_first);
  timer_.after(interval_);
}

void TlsKeeper::poll_files() {
  clerk_.assert_here();
  FileStates states = file_states();
  const bool settled = states == seen_;
  seen_ = std::move(states);
  if (settled && seen_ != loaded_) {
    loaded_ = seen_;
    replace();
  }
  if (clerk_.clock().wall() >= next_warning_) warn_of_expiry();
}

std::shared_ptr<const TicketKeys> TlsKeeper::ticket_keys() {
  std::vector<std::string> secrets;
  if (const std::string& file = settings_.ticket_key_file; !file.empty()) {
    std::string secret(kLongestSecret, '\0');
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    const ssize_t n = fd ? ::read(fd.get(), secret.data(), secret.size()) : -1;
    if (n < static_cast<ssize_t>(kSecretBytes)) {
      log_.error(kModule,
                 file +
                     (n < 0 ? ": cannot be read (" + std::string(std::strerror(errno)) + ")"
                            : ": has " + std::to_string(n) + " bytes, and " +
                                  std::to_string(kSecretBytes) + " are needed") +
                     "; tickets are not shared with other servers");
    } else {
      secret.resize(static_cast<std::size_t>(n));
      if (secret != file_secret_) file_secret_before_ = std::exchange(file_secret_, secret);
    }
    for (const std::string& each : {file_secret_, file_secret_before_})
      if (!each.empty()) secrets.push_back(each);
  }
  secrets.insert(secrets.end(), settings_.ticket_secrets.begin(), settings_.ticket_secrets.end());
  secrets.push_back(own_secret_);
  return std::make_shared<const TicketKeys>(std::move(secrets), clerk_.clock());
}

void TlsKeeper::replace() {
  const auto before = context();
  TlsContext::Loaded loaded = TlsContext::load(
      settings_, before.get(), settings_.certificates.empty() ? nullptr : ticket_keys());
  for (const std::string& complaint : loaded.complaints) log_.error(kModule, complaint);
  // Without certificates in the configuration there is to be none; with unusable ones, as before.
  if (!loaded.context && !settings_.certificates.empty()) return;
  now_.publish(std::make_shared<const Held>(Held{loaded.context}));
  if (!loaded.context) return;
  for (const TlsContext::Certificate& certificate : loaded.context->certificates())
    log_.info(kModule, "certificate for " + certificate.names + " (" + certificate.kind +
                           ") is in use, from " + certificate.file + ", valid until " +
                           day_of(certificate.expires));
  warn_of_expiry();
  if (!before && on_first_) on_first_();
}

void TlsKeeper::warn_of_expiry() {
  const WallTime now = clerk_.clock().wall();
  next_warning_ = now + kWarnAgain;
  const auto current = context();
  if (!current) return;
  for (const TlsContext::Certificate& certificate : current->certificates()) {
    if (certificate.expires - now >= kWarnBefore) continue;
    const std::string subject =
        "the certificate for " + certificate.names + " in " + certificate.file;
    const auto days =
        std::chrono::duration_cast<std::chrono::hours>(certificate.expires - now).count() / 24;
    log_.warn(kModule, certificate.expires <= now
                           ? subject + " has expired on " + day_of(certificate.expires) +
                                 "; players refuse it"
                           : subject + " expires in " + std::to_string(days) + " days, on " +
                                 day_of(certificate.expires) + "; renew it");
  }
}

}  // namespace lb
