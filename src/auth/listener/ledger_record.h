// LedgerRecord: listeners that an authenticator has let in, as the process that replaces this one
// goes on with them.
// Thread: plain values.
// Source: doc/architecture.md, "The hand-over".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/listener/authenticator.h"
#include "auth/listener/spool_text.h"
#include "base/record.h"

namespace lb {

template <class Io, RecordOf<RemovalNotice> T>
void record_fields(Io& io, T& notice) {
  auto& [url, user, password, before, after] = notice;
  io(1, url, user, password, before, after);
}

struct LedgerEntryRecord {
  std::uint64_t seq = 0, client_id = 0;
  std::string mount, user;
  std::optional<RemovalNotice> removal;
  std::int64_t since = 0;
};
template <class Io, RecordOf<LedgerEntryRecord> T>
void record_fields(Io& io, T& entry) {
  auto& [seq, client_id, mount, user, removal, since] = entry;
  io.needed(1, seq);
  io(2, client_id, mount, user, removal, since);
}

template <class Io, RecordOf<SpoolEntry> T>
void record_fields(Io& io, T& entry) {
  auto& [seq, client_id, since, notice, ended, seconds, bytes_sent] = entry;
  io.needed(1, seq);
  io(2, client_id, since, notice, ended, seconds, bytes_sent);
}

// Some of them; a record has a limit.
struct LedgerRecord {
  std::uint64_t next_seq = 1;
  std::vector<LedgerEntryRecord> entries;
  std::vector<SpoolEntry> ends;  // that no backend has heard of
};
template <class Io, RecordOf<LedgerRecord> T>
void record_fields(Io& io, T& ledger) {
  auto& [next_seq, entries, ends] = ledger;
  io(1, next_seq, entries, ends);
}

}  // namespace lb
