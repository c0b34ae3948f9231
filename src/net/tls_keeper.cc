#include "net/tls_keeper.h"

#include <sys/stat.h>

#include <ctime>
#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kModule = "connection/tls";
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
    : clerk_(clerk), log_(log), now_(std::make_shared<const Held>()), timer_(clerk, [this] {
        look();
        timer_.after(interval_);
      }) {}

TlsKeeper::FileStates TlsKeeper::file_states() const {
  FileStates states;
  for (const auto* files : {&settings_.certificates, &settings_.keys}) {
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
}

void TlsKeeper::watch(std::chrono::milliseconds interval, std::function<void()> on_first) {
  clerk_.assert_here();
  interval_ = interval;
  on_first_ = std::move(on_first);
  timer_.after(interval_);
}

void TlsKeeper::look() {
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

void TlsKeeper::replace() {
  const auto before = context();
  TlsContext::Loaded loaded = TlsContext::load(settings_, before.get());
  for (const std::string& complaint : loaded.complaints) log_.error(kModule, complaint);
  // Without certificates in the configuration there is to be none; with unusable ones, as before.
  if (!loaded.context && !settings_.certificates.empty()) return;
  now_.publish(std::make_shared<const Held>(Held{loaded.context}));
  if (!loaded.context) return;
  for (const TlsContext::Certificate& certificate : loaded.context->certificates())
    log_.info(kModule, "certificate for " + certificate.names + " is in use, from " +
                           certificate.file + ", valid until " + day_of(certificate.expires));
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
