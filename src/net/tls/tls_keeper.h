// TlsKeeper: the certificates for new connections: loads them, watches their files, and replaces
// them when they change.
//
// A changed file is loaded when two checks in a row find it the same, so that a certificate and its
// key, written one after the other, are loaded together.  A file that cannot be used is logged
// once, with the reason; the loaded one stays in use.
//
// Ticket secrets (net/tls/ticket_keys.h): from the key file, otherwise from the settings, otherwise
// from the certificate and random secrets, one for each hour, which are kept in a file (0600) if
// there is a directory for it.  The last content of a changed key file still accepts old tickets.
//
// Thread: context() any; load() before the loops start, then everything on the clerk.
// Ownership: the app; the log and the clerk outlive it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file_stamp.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "net/loop/loop.h"
#include "net/socket/settings.h"
#include "net/tls/tls_context.h"

namespace lb {

class TlsKeeper {
 public:
  TlsKeeper(Loop& clerk, Log& log, std::shared_ptr<const ChallengeTable> challenges = nullptr);

  // The context for a new connection; null: no TLS. It may lack a certificate
  // (TlsSettings::begins_bare).
  std::shared_ptr<const TlsContext> context() const { return now_.read()->context; }

  // Keeps the files of the first load() for the processes of later upgrades, which cannot open them
  // if they belong to root and root is given up.
  void keep_copies() { keeps_copies_ = true; }
  void take_copies(FileCopies copies) { copies_ = std::move(copies); }
  const FileCopies& copies() const noexcept { return copies_; }
  // Why no certificate could be loaded; "": one was loaded.
  const std::string& why_none() const noexcept { return why_none_; }
  // The reason why the certificate of one of these configured files is lost; "": all are present.
  std::string why_lost(const std::vector<std::string>& files) const;

  // Loads all files, changed or not. renewed_in: a folder of certificates that this server renews,
  // so no log line asks for that; "": none.
  void load(const TlsSettings& settings, std::string renewed_in = {});
  // Checks the files every `interval`. on_first: called when the first context or certificate is
  // there.
  void watch(std::chrono::milliseconds interval, std::function<void()> on_first);
  void poll_files();  // called at each interval

  static constexpr std::chrono::milliseconds kPollInterval{2000};

 private:
  struct Held {
    std::shared_ptr<const TlsContext> context;
  };
  using FileStamps = std::vector<FileStamp>;

  FileStamps file_stamps() const;
  void copy_files();
  void drop_copies();
  void replace();
  std::shared_ptr<const TicketKeys> ticket_keys();
  void read_ring();
  void turn_ring();
  std::int64_t hour() const;
  void warn_of_expiry();

  Loop& clerk_;
  Log& log_;
  const std::shared_ptr<const ChallengeTable> challenges_;
  Snapshot<Held> now_;
  TlsSettings settings_;
  std::string renewed_in_;
  const std::shared_ptr<TicketRing> ring_ = std::make_shared<TicketRing>();
  std::string ring_file_;                         // the file that was read
  bool ring_saved_ = false;                       // the file has the present ring
  bool ring_failed_ = false;                      // a failed write is logged
  std::string file_secret_, file_secret_before_;  // of the ticket key file
  FileStamps loaded_, seen_;
  bool keeps_copies_ = false;
  FileCopies copies_;
  std::string why_none_;
  std::vector<std::string> complaints_;  // of the last load
  std::chrono::milliseconds interval_{0};
  std::function<void()> on_first_;
  WallTime next_warning_{};
  Timer timer_;
};

}  // namespace lb
